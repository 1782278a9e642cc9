//! Has the crate built again when the web UI that it embeds has changed.

fn main() {
    // While the UI is not built, the missing folder has this asked again at each build.
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../../web/dist");
}
