//! Builds Intel's Hyperscan 5.4.2 as a static, position-independent library.
//!
//! The sources come from the crate `hyperscan-src`. Its own `Build` cannot be used: the crate ships
//! `cmake/build_wrapper.sh` without the executable bit, so a fat-runtime build (run-time dispatch to
//! SSE and AVX2) stops with "Permission denied". We copy the sources, set the bit
//! and build the one target that is needed (`hs`, not the unit tests).
//!
//! `GATECORE_HYPERSCAN_LIB=<folder with libhs.a>` links a library that was built before.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Where the library is kept. The name changes whenever what is built changes.
const HOME: &str = "hyperscan-5.4.2-fat";

/// Builds the library, unless one was built before, and links it.
pub fn build_and_link() {
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-env-changed=GATECORE_HYPERSCAN_LIB");
    println!("cargo:rerun-if-env-changed=CXX");
    let folder = match env::var_os("GATECORE_HYPERSCAN_LIB") {
        Some(folder) => PathBuf::from(folder),
        None => build(),
    };
    assert!(folder.join("libhs.a").is_file(), "no libhs.a in {}", folder.display());
    println!("cargo:rerun-if-changed=cpp");
    cc::Build::new()
        .cpp(true)
        .std("c++11")
        .warnings_into_errors(true)
        .cpp_link_stdlib(None)
        .file("cpp/work.cc")
        .compile("gatecore_work");
    println!("cargo:rustc-link-search=native={}", folder.display());
    println!("cargo:rustc-link-lib=static=hs");
    link_standard_library();
    println!("cargo:rustc-link-lib=dylib=m");
}

/// Links the C++ standard library, statically where the compiler has it so.
///
/// A shared one would have to be at least as new as the compiler: gcc 12 asks for `GLIBCXX_3.4.29`,
/// which Debian 11, Ubuntu 20.04 and RHEL 8 do not have. It adds 0.5 MB to the module.
fn link_standard_library() {
    let compiler = env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let printed = Command::new(compiler).arg("-print-file-name=libstdc++.a").output();
    let printed = printed.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string());
    let archive = printed.map(PathBuf::from).unwrap_or_default();
    if !archive.is_absolute() || !archive.is_file() {
        println!("cargo:rustc-link-lib=dylib=stdc++");
        return;
    }
    // A copy, as the folder has other libraries that must not be found before the system's.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::copy(archive, out.join("libstdc++.a")).expect("OUT_DIR can be written");
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static=stdc++");
}

/// Copies the sources, builds `libhs.a` and returns the folder that holds it.
///
/// The library is kept beside cargo's profiles (`target/hyperscan-…`), not in `OUT_DIR`: wheel, tests
/// and lints run this script under different hashes, and each would build for minutes.
fn build() -> PathBuf {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    // target/<profile>/build/<crate>/out
    let target = out.ancestors().nth(4).expect("OUT_DIR lies four folders deep in target");
    let home = target.join(HOME);
    let library = home.join("build/lib");
    let done = home.join("done");
    if done.is_file() {
        return library;
    }
    let copy = home.join("hyperscan");
    if home.exists() {
        fs::remove_dir_all(&home).expect("a half-built library can be removed");
    }
    copy_tree(&sources(), &copy).expect("the Hyperscan sources can be copied");
    make_executable(&copy.join("cmake/build_wrapper.sh"));
    require("cmake", "cmake");
    require("ragel", "ragel");
    let headers = Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"))
        .join("build/precompiled.cmake");
    cmake::Config::new(&copy)
        .out_dir(&home)
        .define("BUILD_STATIC_LIBS", "ON")
        .define("BUILD_SHARED_LIBS", "OFF")
        .define("BUILD_EXAMPLES", "OFF")
        .define("FAT_RUNTIME", "ON")
        // AVX-512 could not be tested where this was written; it adds 1.3 MB and 8 % build time.
        .define("BUILD_AVX512", "OFF")
        .define("CMAKE_PROJECT_hyperscan_INCLUDE", headers)
        .profile("Release")
        .build_target("hs")
        .build();
    fs::write(done, "").expect("the folder of the library can be written");
    library
}

/// The folder `hyperscan` inside the crate `hyperscan-src`, wherever cargo keeps it.
fn sources() -> PathBuf {
    let cargo = env::var_os("CARGO").expect("cargo sets CARGO");
    let manifest =
        Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("Cargo.toml");
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--manifest-path"])
        .arg(&manifest)
        .output()
        .expect("cargo metadata runs");
    assert!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let package = packages
        .iter()
        .find(|package| package["name"] == "hyperscan-src")
        .expect("hyperscan-src is a build dependency of this crate");
    let manifest = package["manifest_path"].as_str().expect("a path");
    Path::new(manifest).parent().expect("a manifest lies in a folder").join("hyperscan")
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .expect("the build wrapper can be made executable");
}

#[cfg(not(unix))]
fn make_executable(_: &Path) {}

/// Stops with the name of the system package when a build tool is missing.
fn require(tool: &str, package: &str) {
    let found = Command::new(tool).arg("--version").output().is_ok();
    assert!(
        found,
        "`{tool}` is needed to build Hyperscan (Debian package `{package}`; \
         `make setup` installs it). Without the SIMD engine: \
         cargo build --no-default-features"
    );
}
