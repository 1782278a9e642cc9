//! Activation codes (R1).

use std::fmt;
use std::str::FromStr;

use crate::Refusal;
use crate::refusal::TypoPlace;

/// Crockford's base32: digits and capital letters without I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters in a code.
const LENGTH: usize = 25;
/// Characters that are random: 22 × 5 = 110 bits.
const RANDOM: usize = 22;
/// Characters in a group.
const GROUP: usize = 5;

/// An activation code: 22 random characters and 3 check characters in Crockford base32 (R1).
///
/// The check characters are those of a Reed–Solomon code over the 32 symbols. Any one to three wrong characters
/// are caught, a swap of two neighbours being two of them; a single wrong one is even located.
///
/// Its text is for the person who owns it. `Debug` shows nothing of it (R2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ActivationCode([Symbol; LENGTH]);

impl ActivationCode {
    /// The code made of 110 random bits; higher bits are not used.
    #[must_use]
    pub fn from_random(bits: u128) -> Self {
        let mut symbols = [Symbol(0); LENGTH];
        for (place, symbol) in symbols.iter_mut().take(RANDOM).enumerate() {
            let bits = (bits >> (5 * place)) & 31;
            *symbol = Symbol(u8::try_from(bits).unwrap_or(0));
        }
        let [first, second, third] = check_characters(&symbols);
        let [.., a, b, c] = &mut symbols;
        (*a, *b, *c) = (first, second, third);
        Self(symbols)
    }

    /// The 25 characters without dashes: what is hashed and stored.
    #[must_use]
    pub fn compact(&self) -> String {
        self.0.iter().map(|symbol| symbol.letter()).collect()
    }
}

impl fmt::Display for ActivationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, symbol) in self.0.iter().enumerate() {
            if place > 0 && place % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", symbol.letter())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ActivationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActivationCode(…)")
    }
}

impl FromStr for ActivationCode {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let mut symbols = [Symbol(0); LENGTH];
        let mut places = symbols.iter_mut();
        for letter in text.chars().filter(|letter| !letter.is_whitespace() && !is_dash(*letter)) {
            let place = places.next().ok_or(Refusal::CodeMalformed)?;
            *place = Symbol::read(letter).ok_or(Refusal::CodeMalformed)?;
        }
        if places.next().is_some() {
            return Err(Refusal::CodeMalformed);
        }
        match syndromes(&symbols) {
            [Symbol(0), Symbol(0), Symbol(0)] => Ok(Self(symbols)),
            syndromes => Err(Refusal::CodeTypo { place: locate(syndromes) }),
        }
    }
}

const fn is_dash(letter: char) -> bool {
    matches!(letter, '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// An element of the field with 32 elements, modulo x⁵ + x² + 1.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Symbol(u8);

impl Symbol {
    fn read(letter: char) -> Option<Self> {
        let letter = match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let value = ALPHABET.iter().position(|known| char::from(*known) == letter)?;
        u8::try_from(value).ok().map(Self)
    }

    fn letter(self) -> char {
        ALPHABET.get(usize::from(self.0)).map_or('0', |letter| char::from(*letter))
    }

    const fn plus(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }

    const fn times(self, other: Self) -> Self {
        let (mut a, mut b, mut product) = (self.0, other.0, 0);
        while b > 0 {
            if b & 1 == 1 {
                product ^= a;
            }
            b >>= 1;
            a <<= 1;
            if a & 32 != 0 {
                a ^= 0b10_0101;
            }
        }
        Self(product)
    }
}

/// The code's polynomial, first character first, at the three roots 2, 4 and 8; all zero for a valid code.
fn syndromes(symbols: &[Symbol; LENGTH]) -> [Symbol; 3] {
    [Symbol(2), Symbol(4), Symbol(8)]
        .map(|root| symbols.iter().fold(Symbol(0), |sum, symbol| sum.times(root).plus(*symbol)))
}

/// The remainder of the random characters, shifted by three, modulo (x − 2)(x − 4)(x − 8).
fn check_characters(symbols: &[Symbol; LENGTH]) -> [Symbol; 3] {
    let (r, s, t) = (Symbol(2), Symbol(4), Symbol(8));
    let squares = r.plus(s).plus(t);
    let linear = r.times(s).plus(r.times(t)).plus(s.times(t));
    let constant = r.times(s).times(t);
    symbols.iter().take(RANDOM).fold([Symbol(0); 3], |[high, middle, low], symbol| {
        let factor = high.plus(*symbol);
        [middle.plus(factor.times(squares)), low.plus(factor.times(linear)), factor.times(constant)]
    })
}

/// The group of the single wrong character that gives these syndromes, if one does.
fn locate([first, second, third]: [Symbol; 3]) -> TypoPlace {
    if first == Symbol(0) || second == Symbol(0) || third == Symbol(0) {
        return TypoPlace::Unknown;
    }
    // An error e at power p gives e·2^p, e·4^p, e·8^p: each is the one before times 2^p.
    let mut power_of_two = Symbol(1);
    for power in 0..LENGTH {
        if first.times(power_of_two) == second && second.times(power_of_two) == third {
            let group = (LENGTH - 1 - power) / GROUP + 1;
            return u8::try_from(group).map_or(TypoPlace::Unknown, TypoPlace::Group);
        }
        power_of_two = power_of_two.times(Symbol(2));
    }
    TypoPlace::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RANDOM_BITS: u128 = 0x1234_5678_9abc_def0_1122_3344_5566;

    fn sample() -> String {
        ActivationCode::from_random(RANDOM_BITS).to_string()
    }

    #[test]
    fn r1_a_code_is_five_groups_of_five() {
        insta::assert_snapshot!(sample(), @"6BN8M-S84H0-WXDYA-KRKN8-39V0W");
    }

    #[test]
    fn r1_every_random_bit_counts_and_no_other() {
        let code = ActivationCode::from_random(RANDOM_BITS);
        for bit in 0..110 {
            assert_ne!(ActivationCode::from_random(RANDOM_BITS ^ (1 << bit)), code, "bit {bit}");
        }
        assert_eq!(ActivationCode::from_random(RANDOM_BITS | (1 << 110)), code);
    }

    #[test]
    fn r1_case_spaces_dashes_and_look_alikes_are_forgiven() {
        let code = ActivationCode::from_random(0);
        for text in [
            "00000-00000-00000-00000-00000",
            "ooooo OOOOO 00000 00000 00000",
            "  0000000000000000000000000\n",
            "00000\u{2013}00000\u{2013}00000\u{2013}00000\u{2013}00000",
        ] {
            assert_eq!(text.parse(), Ok(code), "{text}");
        }
        let one = ActivationCode::from_random(0b00001).to_string();
        assert!(one.starts_with('1'), "{one}");
        for look_alike in ["i", "I", "l", "L"] {
            assert_eq!(one.replace('1', look_alike).parse(), one.parse::<ActivationCode>());
        }
    }

    #[test]
    fn r1_what_has_not_the_shape_of_a_code_is_told_so() {
        let code = sample();
        for text in [
            "",
            "ABC",
            &code[1..],
            &format!("{code}0"),
            &code.replacen(&code[..1], "U", 1),
            &code.replacen(&code[..1], "é", 1),
        ] {
            assert_eq!(text.parse::<ActivationCode>(), Err(Refusal::CodeMalformed), "{text}");
        }
    }

    #[test]
    fn r1_every_single_wrong_character_is_caught_and_its_group_named() {
        let code = ActivationCode::from_random(RANDOM_BITS).compact();
        for place in 0..LENGTH {
            for letter in ALPHABET.iter().map(|letter| char::from(*letter)) {
                let mut wrong: Vec<char> = code.chars().collect();
                if wrong[place] == letter {
                    continue;
                }
                wrong[place] = letter;
                let wrong: String = wrong.into_iter().collect();
                let group = TypoPlace::Group(u8::try_from(place / GROUP + 1).unwrap());
                assert_eq!(
                    wrong.parse::<ActivationCode>(),
                    Err(Refusal::CodeTypo { place: group }),
                    "{wrong}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn r1_a_code_reads_back_as_itself(bits: u128) {
            let code = ActivationCode::from_random(bits);
            prop_assert_eq!(code.to_string().parse(), Ok(code));
        }

        #[test]
        fn r1_every_swap_is_caught(bits: u128, first in 0..LENGTH, second in 0..LENGTH) {
            let mut letters: Vec<char> = ActivationCode::from_random(bits).compact().chars().collect();
            prop_assume!(letters[first] != letters[second]);
            letters.swap(first, second);
            let swapped: String = letters.into_iter().collect();
            let refused = matches!(swapped.parse::<ActivationCode>(), Err(Refusal::CodeTypo { .. }));
            prop_assert!(refused, "{}", swapped);
        }

        #[test]
        fn r1_three_wrong_characters_are_caught(bits: u128, places in prop::array::uniform3(0..LENGTH), wrong: [u8; 3]) {
            let mut letters: Vec<char> = ActivationCode::from_random(bits).compact().chars().collect();
            let before = letters.clone();
            for (place, wrong) in places.iter().zip(wrong) {
                letters[*place] = char::from(ALPHABET[usize::from(wrong) % 32]);
            }
            prop_assume!(letters != before);
            prop_assert!(letters.into_iter().collect::<String>().parse::<ActivationCode>().is_err());
        }
    }
}
