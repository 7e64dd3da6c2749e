// Browsers refuse web workers to pages that are opened as files, and the theme's search is one.
// There it runs in a hidden frame instead, with the same messages.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.inner = frame.contentWindow;
      const load = (address) =>
        new Promise((done, failed) => {
          const script = frame.contentDocument.createElement("script");
          script.src = address;
          script.onload = done;
          script.onerror = failed;
          frame.contentDocument.body.append(script);
        });
      this.inner.postMessage = (data) => setTimeout(() => this.tell(this, data));
      this.inner.importScripts = (...addresses) => Promise.all(addresses.map(load));
      this.loaded = load(url);
    }

    postMessage(data) {
      this.loaded.then(() => this.tell(this.inner, data));
    }

    tell(whom, data) {
      whom.dispatchEvent(new MessageEvent("message", { data }));
    }
  };
}
