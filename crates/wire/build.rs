//! Compiles `proto/sensor.proto` without an installed protoc.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto/sensor.proto");
    let descriptors = protox::compile(["proto/sensor.proto"], ["proto"])?;
    let mut config = prost_build::Config::new();
    config.type_attribute(".", "#[derive(serde::Serialize)]");
    config.field_attribute(".", "#[serde(skip_serializing_if = \"crate::json::is_absent\")]");
    for bytes in ["serial_number", "network_key", "encryption_key"] {
        config.field_attribute(bytes, "#[serde(serialize_with = \"crate::json::hex\")]");
    }
    config.compile_fds(descriptors)?;
    Ok(())
}
