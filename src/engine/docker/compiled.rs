//! Products of compile steps, kept by what they were made from: image, command and sources. Bounded in bytes; the
//! longest unused goes first. Pure; called by `engine::docker`.

use crate::event::Text;
use crate::job::Job;
use crate::lock::lock;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Mutex;

/// What a product was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

/// A product, packed, and what the compiler said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    pub packed: Bytes,
    pub output: Text,
    pub truncated: bool,
}

impl Product {
    fn size(&self) -> u64 {
        // And something for the entry itself, so that their number is bounded too.
        (self.packed.len() + self.output.len()) as u64 + 256
    }
}

pub(super) struct Products {
    most: u64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_key: HashMap<Key, (Product, u64)>,
    bytes: u64,
    /// Counts uses: the product with the lowest count goes first.
    clock: u64,
}

impl Key {
    pub(super) fn new(image: &str, argv: &[String], job: &Job) -> Self {
        let mut hasher = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        add(image.as_bytes());
        add(&(argv.len() as u64).to_le_bytes());
        argv.iter().for_each(|word| add(word.as_bytes()));
        let mut files: Vec<_> = job.files.iter().collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        for file in files {
            add(file.path.as_str().as_bytes());
            add(&file.content);
        }
        Self(hasher.finalize().into())
    }
}

impl Products {
    pub(super) fn new(most: u64) -> Self {
        Self { most, kept: Mutex::default() }
    }

    /// The most bytes that one product may have to be kept.
    pub(super) fn most(&self) -> u64 {
        self.most / 4
    }

    pub(super) fn find(&self, key: &Key) -> Option<Product> {
        let mut kept = lock(&self.kept);
        kept.clock += 1;
        let now = kept.clock;
        let (product, used) = kept.by_key.get_mut(key)?;
        *used = now;
        Some(product.clone())
    }

    pub(super) fn keep(&self, key: Key, product: Product) {
        let size = product.size();
        if size > self.most() {
            return;
        }
        let mut kept = lock(&self.kept);
        kept.clock += 1;
        let now = kept.clock;
        if let Some((old, _)) = kept.by_key.insert(key, (product, now)) {
            kept.bytes -= old.size();
        }
        kept.bytes += size;
        while kept.bytes > self.most {
            let oldest = kept.by_key.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key);
            let Some((old, _)) = oldest.and_then(|key| kept.by_key.remove(&key)) else { break };
            kept.bytes -= old.size();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(bytes: usize) -> Product {
        Product { packed: vec![0; bytes].into(), output: Text::Utf8(String::new()), truncated: false }
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let products = Products::new(4 * 1256);
        let key = |number: u8| Key([number; 32]);
        for number in 0..4 {
            products.keep(key(number), product(1000));
        }
        assert!(products.find(&key(0)).is_some());
        products.keep(key(4), product(1000));
        let there: Vec<bool> = (0..5).map(|number| products.find(&key(number)).is_some()).collect();
        assert_eq!(there, [true, false, true, true, true]);
    }

    #[test]
    fn what_is_too_large_is_not_kept_and_the_same_is_kept_once() {
        let products = Products::new(4000);
        products.keep(Key([1; 32]), product(1001));
        assert!(products.find(&Key([1; 32])).is_none());
        for _ in 0..100 {
            products.keep(Key([2; 32]), product(700));
        }
        assert_eq!(lock(&products.kept).bytes, 956);
        assert!(Products::new(0).find(&Key([2; 32])).is_none());
    }
}
