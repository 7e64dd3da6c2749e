//! Links the extension module so that it loads on every Linux with glibc 2.17 (2012) or later.
//!
//! A linker binds each symbol to the newest version that the C library of the *building* machine
//! has: `pthread_create` becomes `pthread_create@GLIBC_2.34` on Debian 12, and the wheel cannot be
//! installed on Debian 11, Ubuntu 20.04 or RHEL 8, though the old `pthread_create@GLIBC_2.2.5` is
//! there too and does the same. So the module is linked against *stubs*:
//!
//! ```text
//!  libc.so.6 of this machine ──▶ its symbols and all their versions
//!                                   │ of each the newest that is not above 2.17
//!                                   ▼
//!                                an empty libc.so.6 with just those  ──▶ the linker
//! ```
//!
//! What is newer than 2.17 is then not found at all; `old_glibc.c` has the few that are needed, and
//! `tools/check-wheel` refuses a wheel with any other. Weak symbols stay weak: Rust's standard
//! library asks at run time whether `statx` and the like are there.
//!
//! The wheel `ziglang` does the same for all versions of glibc, but is 411 MB, and replaces the
//! unwinder `libgcc_s` by a copy of its own: threads that Python ends inside our frames would be
//! unwound by one and described by the other.
//!
//! Elsewhere than on x86-64 with glibc, and with `GATECORE_GLIBC=system`, this does nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

type Version = Vec<u32>;

const OLDEST: [u32; 2] = [2, 17];

/// Libraries of their own before glibc 2.34, of which the newest glibc still has empty shells. They
/// are named as needed, as the old `libc.so.6` lacks what is now in the new one.
const MERGED_INTO_LIBC: [&str; 2] = ["libpthread.so.0", "libdl.so.2"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=old_glibc.c");
    println!("cargo:rerun-if-env-changed=GATECORE_GLIBC");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let is_native = env::var("TARGET") == env::var("HOST");
    if (target("OS"), target("ENV"), target("ARCH"))
        != ("linux".into(), "gnu".into(), "x86_64".into())
        || !is_native
        || env::var("GATECORE_GLIBC").is_ok_and(|glibc| glibc == "system")
    {
        return;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let libc = stub(&out, "libc.so.6");
    let libm = stub(&out, "libm.so.6");
    // `-lc` and `-lm` find these first. The real `libc.so` is a script as well: a few functions are
    // in a static library.
    let nonshared = file_of_compiler("libc_nonshared.a");
    let loader = "AS_NEEDED ( /lib64/ld-linux-x86-64.so.2 )";
    let script = format!("GROUP ( {} {} {loader} )\n", libc.display(), nonshared.display());
    fs::write(out.join("libc.so"), script).expect("OUT_DIR can be written");
    let script = format!("GROUP ( {} )\n", libm.display());
    fs::write(out.join("libm.so"), script).expect("OUT_DIR can be written");

    let shim = out.join("old_glibc.o");
    run(compiler()
        .args(["-c", "-O2", "-fPIC", "-Wall", "-Werror", "old_glibc.c", "-o"])
        .arg(&shim));

    let mut arguments = vec![format!("-L{}", out.display()), shim.display().to_string()];
    arguments.push("-Wl,--no-as-needed".into());
    arguments.extend(MERGED_INTO_LIBC.map(|name| format!("-l:{name}")));
    arguments.push("-Wl,--as-needed".into());
    for argument in arguments {
        println!("cargo:rustc-link-arg-cdylib={argument}");
    }
}

/// A library of this name with all the old symbols and no code.
fn stub(out: &Path, name: &str) -> PathBuf {
    let mut by_version: BTreeMap<Version, Vec<String>> = BTreeMap::new();
    let mut assembly = String::from(".text\n");
    for (symbol, (version, is_data)) in old_symbols(&file_of_compiler(name)) {
        let kind = if is_data { "object" } else { "function" };
        assembly += &format!(".globl {symbol}\n.type {symbol}, @{kind}\n{symbol}: .quad 0\n");
        assembly += &format!(".size {symbol}, 8\n");
        by_version.entry(version).or_default().push(symbol);
    }
    assert!(by_version.len() > 1, "{name} of this machine has no old versions");
    assembly += ".section .note.GNU-stack,\"\",@progbits\n";
    let versions: String = by_version
        .iter()
        .map(|(version, symbols)| {
            let numbers: Vec<String> = version.iter().map(u32::to_string).collect();
            format!("GLIBC_{} {{ global: {}; }};\n", numbers.join("."), symbols.join("; "))
        })
        .collect();
    let (source, script) = (out.join(format!("{name}.s")), out.join(format!("{name}.map")));
    fs::write(&source, assembly).expect("OUT_DIR can be written");
    fs::write(&script, versions).expect("OUT_DIR can be written");
    let library = out.join(name);
    run(compiler()
        .args(["-shared", "-nostdlib", "-o"])
        .arg(&library)
        .arg(source)
        .arg(format!("-Wl,-soname,{name},--version-script={}", script.display())));
    library
}

/// Of each symbol of a library the newest version up to `OLDEST`, and whether it is data.
fn old_symbols(library: &Path) -> BTreeMap<String, (Version, bool)> {
    let listed = run(Command::new("objdump").env("LC_ALL", "C").arg("-T").arg(library));
    let mut symbols = BTreeMap::new();
    for line in listed.lines() {
        // 0000000000089380 g    DF .text  0000000000000eed (GLIBC_2.2.5) pthread_create
        let words: Vec<&str> = line.split_whitespace().collect();
        let [.., version, symbol] = words[..] else { continue };
        let version = version.trim_matches(['(', ')']).strip_prefix("GLIBC_");
        let numbers = version.map(|version| version.split('.').map(str::parse).collect());
        let Some(Ok(version)) = numbers else { continue };
        let version: Version = version;
        if line.contains("*UND*") || line.contains("*ABS*") || version[..] > OLDEST[..] {
            continue;
        }
        let is_data = words.iter().any(|word| word.ends_with("DO"));
        let kept = symbols.entry(symbol.to_string()).or_insert((version.clone(), is_data));
        if kept.0 < version {
            *kept = (version, is_data);
        }
    }
    symbols
}

fn file_of_compiler(name: &str) -> PathBuf {
    let path = run(compiler().arg(format!("-print-file-name={name}")));
    let path = PathBuf::from(path.trim());
    assert!(path.is_absolute(), "the C compiler knows no {name}");
    path
}

fn compiler() -> Command {
    Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
