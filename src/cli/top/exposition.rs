//! Metrics as text -> samples. Pure; what can't be read is passed over.

#[derive(Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
}

impl Sample {
    pub(super) fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(label, _)| label == name).map_or("", |(_, value)| value)
    }
}

pub(super) fn parse(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect()
}

fn sample(line: &str) -> Option<Sample> {
    let name = line.split(['{', ' ']).next()?;
    let (labels, rest) = match line[name.len()..].strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), &line[name.len()..]),
    };
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some(Sample { name: name.to_owned(), labels, value })
}

/// Labels up to the closing brace, and what comes behind it.
fn labels(mut text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.strip_prefix(',').unwrap_or(text).split_once("=\"")?;
        let mut value = String::new();
        let mut letters = rest.char_indices();
        let end = loop {
            match letters.next()? {
                (end, '"') => break end,
                (_, '\\') => match letters.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, letter) => value.push(letter),
            }
        };
        labels.push((name.to_owned(), value));
        text = &rest[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_with_and_without_labels() {
        let text = "# HELP a b\na_total 3\nb{x=\"1\",y=\"q\\\"}\\\\\\n\"} 2.5 12\nbroken{x=\"\nbroken\nc{} +Inf\n# EOF\n";
        let sample = |name: &str, labels: &[(&str, &str)], value| Sample {
            name: name.to_owned(),
            labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            value,
        };
        let expected = [sample("a_total", &[], 3.0), sample("b", &[("x", "1"), ("y", "q\"}\\\n")], 2.5), sample("c", &[], f64::INFINITY)];
        assert_eq!(parse(text), expected);
        assert_eq!((parse(text)[1].label("x"), parse(text)[1].label("z")), ("1", ""));
    }
}
