//! Quantities as people type them: a plain number is in the protocol's unit, or say which. Pure.

/// Milliseconds: `1500`, `1500ms`, `2s`, `1.5s`, `1m`.
pub(super) fn milliseconds(text: &str) -> Result<u64, String> {
    scaled(text, &[("ms", 1), ("s", 1000), ("m", 60_000)], 1).ok_or_else(|| format!("`{text}` is not a time such as 500ms, 2s or 1m"))
}

/// Mebibytes: `64`, `64mb`, `1gb`.
pub(super) fn megabytes(text: &str) -> Result<u64, String> {
    scaled(text, &[("mb", 1), ("gb", 1024)], 1).ok_or_else(|| format!("`{text}` is not a size such as 64, 64mb or 1gb"))
}

/// Kibibytes: `100`, `100kb`, `2mb`, `1gb`.
pub(super) fn kilobytes(text: &str) -> Result<u64, String> {
    scaled(text, &[("kb", 1), ("mb", 1024), ("gb", 1 << 20)], 1).ok_or_else(|| format!("`{text}` is not a size such as 100kb, 2mb or 1gb"))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a positive number of bounded size")]
fn scaled(text: &str, units: &[(&str, u32)], plain: u32) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let unit = units
        .iter()
        .find(|(unit, _)| text.strip_suffix(unit).is_some_and(|number| number.trim_end().ends_with(|c: char| c.is_ascii_digit())));
    let (number, scale) = unit.map_or((text.as_str(), plain), |(unit, scale)| (text[..text.len() - unit.len()].trim_end(), *scale));
    if !number.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let value = (number.parse::<f64>().ok()? * f64::from(scale)).round();
    (value <= 1e15).then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        for (text, expected) in [("1500", 1500), ("1500ms", 1500), ("2s", 2000), ("1.5 s", 1500), ("1M", 60_000), ("0", 0)] {
            assert_eq!(milliseconds(text), Ok(expected), "{text}");
        }
        for text in ["", "s", "2h", "-1", "1e3", "nan", "inf", "99999999999999999999"] {
            assert!(milliseconds(text).is_err(), "{text}");
        }
        assert_eq!((megabytes("1gb"), megabytes("64")), (Ok(1024), Ok(64)));
        assert_eq!((kilobytes("2mb"), kilobytes("100KB")), (Ok(2048), Ok(100)));
    }
}
