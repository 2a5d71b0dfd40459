//! A judging problem as paper: a package in the ICPC format, or a folder of inputs and answers, read into words. Called
//! by the shell door; runs nothing, and trusts nothing that it reads.

mod archive;
mod cases;
mod package;
mod settings;
mod submissions;
mod validation;
mod yaml;

pub use cases::Case;
pub use package::{Files, Package, PackageFault};
pub use settings::Settings;
pub use submissions::{Expected, Submission, of_file};
pub use validation::{Comparison, Validation, comparison};

use std::path::Path;

/// One problem: what is asked of a submission, and what is known of submissions.
#[derive(Debug)]
pub struct Problem {
    pub settings: Settings,
    pub validation: Validation,
    /// In the order in which they are judged.
    pub cases: Vec<Case>,
    pub submissions: Vec<Submission>,
    /// What stands in the package and is not heeded, for people.
    pub notes: Vec<String>,
    pub package: Package,
}

impl Problem {
    /// Reads all but the cases' data, which is read when it is needed.
    pub fn open(path: &Path) -> Result<Self, PackageFault> {
        let package = Package::open(path)?;
        let mut notes = Vec::new();
        let (settings, validation, cases, submissions) = if package.is_problem() {
            let settings = settings::read(&package, &mut notes)?;
            let validation = validation::read(&package, &settings)?;
            let cases = cases::of_package(&package, &settings, &mut notes)?;
            (settings, validation, cases, submissions::read(&package, &mut notes)?)
        } else {
            (Settings::default(), Validation::Default, cases::of_folder(&package)?, Vec::new())
        };
        if cases.is_empty() {
            return Err(PackageFault::new(
                path.display(),
                "has no cases\nhint: `data/secret/*.in` with `*.ans`, or a folder of `*.in` with `*.ans` or `*.out`",
            ));
        }
        if let Validation::Default = validation {
            for case in &cases {
                let (_, note) = comparison(&case.flags).map_err(|fault| PackageFault::new(&case.id, fault))?;
                notes.extend(note.filter(|note| !notes.contains(note)));
            }
        }
        Ok(Self { settings, validation, cases, submissions, notes, package })
    }
}

#[cfg(test)]
mod tests;
