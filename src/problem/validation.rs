//! Who says whether an output is right: the default validator with its flags, or a program of the package.

use super::package::{Files, Package, PackageFault};
use super::settings::{Kind, Settings};

#[derive(Clone, Debug, PartialEq)]
pub enum Validation {
    Default,
    /// Reads an output once the program is over.
    Custom(Files),
    /// Talks to the program.
    Interactive(Files),
}

/// What the default validator does with its flags.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Comparison {
    Tokens { ignore_case: bool },
    Float { absolute: f64, relative: f64, ignore_case: bool },
    Exact,
}

pub(super) fn read(package: &Package, settings: &Settings) -> Result<Validation, PackageFault> {
    if settings.kind == Kind::Default {
        return Ok(Validation::Default);
    }
    let folder = ["output_validators", "output_validator"].into_iter().find(|folder| package.below(folder).next().is_some());
    let missing = || PackageFault::new("output_validators", "is empty, but `validation` asks for a validator of the package's own");
    let path = only_one(package, folder.ok_or_else(missing)?)?;
    let files = package.program(&path)?;
    Ok(match settings.kind {
        Kind::Interactive => Validation::Interactive(files),
        Kind::Default | Kind::Custom => Validation::Custom(files),
    })
}

/// `output_validators` holds programs, each a file or a folder; the draft's `output_validator` is one.
fn only_one(package: &Package, folder: &str) -> Result<String, PackageFault> {
    if folder == "output_validator" {
        return Ok(folder.to_owned());
    }
    let mut parts: Vec<&str> = package.below(folder).map(|below| below.split('/').next().unwrap_or(below)).collect();
    parts.dedup();
    let folders = |parts: &[&str]| parts.iter().any(|part| !package.has(&format!("{folder}/{part}")));
    match parts.as_slice() {
        [one] => Ok(format!("{folder}/{one}")),
        // A validator and what it includes, without a folder of its own.
        several if !folders(several) => Ok(folder.to_owned()),
        several => Err(PackageFault::new(folder, format!("has {} validators; only one is supported", several.len()))),
    }
}

/// What these flags ask of the default validator, and what is not heeded.
pub fn comparison(flags: &[String]) -> Result<(Comparison, Option<String>), String> {
    let (mut exact_case, mut exact_space) = (false, false);
    let (mut absolute, mut relative) = (None, None);
    let mut words = flags.iter();
    while let Some(flag) = words.next() {
        let mut tolerance = || {
            let value = words.next().and_then(|word| word.parse::<f64>().ok()).filter(|value| value.is_finite() && *value >= 0.0);
            value.ok_or_else(|| format!("has the validator flag `{}` without a number", flag.escape_debug()))
        };
        match flag.as_str() {
            "case_sensitive" => exact_case = true,
            "space_change_sensitive" => exact_space = true,
            "float_absolute_tolerance" => absolute = Some(tolerance()?),
            "float_relative_tolerance" => relative = Some(tolerance()?),
            "float_tolerance" => {
                let value = tolerance()?;
                (absolute, relative) = (Some(value), Some(value));
            }
            other => return Err(format!("has the validator flag `{}`, which the default validator does not know", other.escape_debug())),
        }
    }
    let ignore_case = !exact_case;
    if absolute.is_some() || relative.is_some() {
        let note = exact_space.then(|| "`space_change_sensitive` is not heeded together with a tolerance".to_owned());
        return Ok((Comparison::Float { absolute: absolute.unwrap_or(0.0), relative: relative.unwrap_or(0.0), ignore_case }, note));
    }
    if exact_space {
        let note = ignore_case.then(|| "`space_change_sensitive` compares exactly here, upper and lower case too".to_owned());
        return Ok((Comparison::Exact, note));
    }
    Ok((Comparison::Tokens { ignore_case }, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(flags: &str) -> Result<(Comparison, Option<String>), String> {
        comparison(&flags.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn flags_of_the_default_validator() {
        let cases = [
            ("", Comparison::Tokens { ignore_case: true }),
            ("case_sensitive", Comparison::Tokens { ignore_case: false }),
            ("float_tolerance 1e-6", Comparison::Float { absolute: 1e-6, relative: 1e-6, ignore_case: true }),
            ("case_sensitive float_relative_tolerance 0.5", Comparison::Float { absolute: 0.0, relative: 0.5, ignore_case: false }),
            ("case_sensitive space_change_sensitive", Comparison::Exact),
        ];
        for (flags, expected) in cases {
            assert_eq!(of(flags), Ok((expected, None)), "{flags}");
        }
        assert!(of("space_change_sensitive").unwrap().1.unwrap().contains("upper and lower case"));
        assert!(of("space_change_sensitive float_tolerance 1").unwrap().1.unwrap().contains("not heeded"));
        for flags in ["float_tolerance", "float_tolerance x", "float_tolerance -1", "fuzzy"] {
            assert!(of(flags).is_err(), "{flags}");
        }
    }
}
