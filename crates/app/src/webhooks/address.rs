//! Which network addresses are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks that are nobody's on the public internet: those of the IANA special-purpose address registry
/// (RFC 6890), multicast, what is reserved, and the one address by which a large cloud serves its machines' secrets.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    (Ipv4Addr::new(255, 255, 255, 255), 32),
];

/// The networks of 2000::/3, which is all that is given out of IPv6 (RFC 4291 §2.4), that are not public: protocols
/// such as Teredo, documentation, and 6to4, which wraps IPv4 addresses.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether an address is one of the public internet, so that nothing inside of the service's own network is reached by
/// it. An IPv6 address that stands for an IPv4 address, `::ffff:10.0.0.1` or `64:ff9b::10.0.0.1` (NAT64, RFC 6052), is
/// what that one is.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(address) => is_public_v4(address),
            None => is_public_v6(address),
        },
    }
}

/// The IPv4 address that an IPv6 address stands for.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let nat64 = within_v6(address, (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96));
    let [.., a, b, c, d] = address.octets();
    if nat64 { Some(Ipv4Addr::new(a, b, c, d)) } else { address.to_ipv4_mapped() }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(network, length): (Ipv4Addr, u32)| {
        (address.to_bits() ^ network.to_bits()).checked_shr(32 - length) == Some(0)
    };
    !NOT_PUBLIC_V4.into_iter().any(within)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    within_v6(address, (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3))
        && !NOT_PUBLIC_V6.into_iter().any(|network| within_v6(address, network))
}

fn within_v6(address: Ipv6Addr, (network, length): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()).checked_shr(128 - length) == Some(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn addresses_inside_are_not_public_in_whatever_form() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.7",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!public(text), "{text}");
            for form in [format!("::ffff:{text}"), format!("64:ff9b::{text}"), format!("::{text}")] {
                assert!(!public(&form), "{form}");
            }
            let [a, b, c, d] = text.parse::<Ipv4Addr>().unwrap().octets();
            assert!(!public(&format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1")), "6to4 of {text}");
        }
        for text in [
            "::",
            "::1",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:808:808::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2600::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "3ffe::1",
        ] {
            assert!(public(text), "{text}");
        }
    }

    /// What Python's library says of addresses; it is from an earlier edition of the registries, and takes no pains
    /// with IPv4 inside of IPv6.
    #[expect(clippy::disallowed_methods, reason = "tests have no other configuration")]
    fn global_in_python(addresses: &[IpAddr]) -> Vec<bool> {
        use std::io::Write;
        let script = "import ipaddress,sys\nfor line in sys.stdin: print(ipaddress.ip_address(line.strip()).is_global)";
        let python = std::env::var("TENURE_TEST_PYTHON").expect("`make test` says where Python is");
        let mut child = std::process::Command::new(python)
            .args(["-c", script])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines: String = addresses.iter().map(|address| format!("{address}\n")).collect();
        let mut input = child.stdin.take().unwrap();
        let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writing.join().unwrap().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().map(|line| line == "True").collect()
    }

    /// Whether an address is in a network of which we know more than that library.
    fn known_better(address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => {
                let at = |text: &str| address == text.parse::<Ipv4Addr>().unwrap();
                let [a, b, c, _] = address.octets();
                address.is_multicast()
                    || [a, b, c] == [192, 88, 99]
                    || at("168.63.129.16")
                    || [a, b, c] == [192, 0, 0]
            }
            IpAddr::V6(address) => {
                let [a, b, ..] = address.segments();
                // Outside of what is given out, 6to4, the newer documentation, Teredo and its like.
                a >> 13 != 1 || a == 0x2002 || (a == 0x3fff && b < 0x1000) || (a == 0x2001 && b < 0x200)
            }
        }
    }

    /// Addresses out of all corners: of each network its borders and what is beside them, and any.
    fn addresses() -> impl Strategy<Value = IpAddr> {
        let v4 = prop_oneof![
            any::<u32>(),
            (0..NOT_PUBLIC_V4.len(), 0_u32..4, any::<bool>()).prop_map(|(place, step, end)| {
                let (network, length) = NOT_PUBLIC_V4[place];
                let last = network.to_bits() | u32::MAX.checked_shr(length).unwrap_or(0);
                if end {
                    last.wrapping_sub(1).wrapping_add(step)
                } else {
                    network.to_bits().wrapping_sub(2).wrapping_add(step)
                }
            }),
        ];
        let v6 = prop_oneof![
            any::<u128>(),
            any::<u128>().prop_map(|bits| (1 << 125) | (bits >> 3)),
            any::<u32>().prop_map(|bits| (0xffff << 32) | u128::from(bits)),
            (any::<u16>(), any::<u16>(), any::<u64>()).prop_map(|(a, b, c)| (u128::from(
                a & 0x3fff | 0x2000
            ) << 112)
                | (u128::from(b & 0x3ff) << 96)
                | u128::from(c)),
        ];
        prop_oneof![
            v4.prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
            v6.prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn no_address_is_public_that_another_library_finds_inside(
            sample in proptest::collection::vec(addresses(), 2_000)
        ) {
            for (address, global) in sample.iter().zip(global_in_python(&sample)) {
                let inner = match address {
                    IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => continue,
                    _ => *address,
                };
                if is_public(inner) {
                    prop_assert!(global, "{inner}");
                } else {
                    prop_assert!(!global || known_better(inner), "{inner}");
                }
            }
        }
    }
}
