//! Builds and links what the features need.

#[cfg(feature = "hyperscan")]
#[path = "build/hyperscan.rs"]
mod hyperscan;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "hyperscan")]
    hyperscan::build_and_link();
}
