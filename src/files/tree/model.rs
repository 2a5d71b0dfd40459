//! The accounts of the tree against a simple model, over random sequences of operations.

use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;

use super::tests::{run, tree};
use super::*;

const PATHS: [&str; 8] = ["box/a", "box/b", "box/d", "box/e", "box/d/a", "box/d/b", "box/e/a", "tmp/a"];
const LIMITS: (u64, u32) = (30, 4);

#[derive(Clone, Debug)]
enum Step {
    Write(usize, u64, usize),
    Resize(usize, u64),
    Mkdir(usize),
    Rmdir(usize),
    Unlink(usize),
    Rename(usize, usize),
    Link(usize, usize),
    Hold(usize),
    WriteHeld(usize, u64, usize),
    Release(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let path = || 0..PATHS.len();
    prop_oneof![
        (path(), 0..40u64, 0..20usize).prop_map(|(path, offset, count)| Step::Write(path, offset, count)),
        (path(), 0..40u64).prop_map(|(path, size)| Step::Resize(path, size)),
        path().prop_map(Step::Mkdir),
        path().prop_map(Step::Rmdir),
        path().prop_map(Step::Unlink),
        (path(), path()).prop_map(|(old, new)| Step::Rename(old, new)),
        (path(), path()).prop_map(|(old, new)| Step::Link(old, new)),
        path().prop_map(Step::Hold),
        (0..3usize, 0..40u64, 0..20usize).prop_map(|(held, offset, count)| Step::WriteHeld(held, offset, count)),
        (0..3usize).prop_map(Step::Release),
    ]
}

type Content = Rc<RefCell<Vec<u8>>>;

/// Paths and what they name: a file's content, or nothing for a directory.
#[derive(Default)]
struct Model {
    names: BTreeMap<String, Option<Content>>,
    held: Vec<(NodeId, Content)>,
}

impl Model {
    fn used(&self) -> (u64, u32) {
        let mut contents: Vec<&Content> = self.names.values().flatten().chain(self.held.iter().map(|(_, content)| content)).collect();
        contents.sort_by_key(|content| Rc::as_ptr(content));
        contents.dedup_by_key(|content| Rc::as_ptr(content));
        let bytes = contents.iter().map(|content| content.borrow().len() as u64).sum();
        let unnamed = contents.iter().filter(|content| !self.names.values().flatten().any(|named| Rc::ptr_eq(named, content))).count();
        (bytes, (self.names.len() + unnamed) as u32)
    }

    fn has_room(&self) -> bool {
        self.used().1 < LIMITS.1
    }

    fn parent_exists(&self, path: &str) -> bool {
        let parent = path.rsplit_once('/').unwrap().0;
        matches!(parent, "box" | "tmp") || matches!(self.names.get(parent), Some(None))
    }

    fn is_empty(&self, path: &str) -> bool {
        !self.names.keys().any(|name| name.starts_with(&format!("{path}/")))
    }

    fn file(&mut self, path: &str) -> Option<Content> {
        match self.names.get(path) {
            Some(entry) => entry.clone(),
            None if self.parent_exists(path) && self.has_room() => {
                self.names.insert(path.to_owned(), Some(Content::default()));
                self.names[path].clone()
            }
            None => None,
        }
    }

    fn write(&self, content: &Content, offset: u64, count: usize, byte: u8) -> Option<usize> {
        let size = content.borrow().len() as u64;
        let reach = LIMITS.0 - self.used().0 + size;
        let end = (offset + count as u64).min(reach.max(size));
        match end.checked_sub(offset) {
            _ if count == 0 => Some(0),
            None | Some(0) => None,
            Some(fits) => {
                let mut data = content.borrow_mut();
                let length = data.len().max(end as usize);
                data.resize(length, 0);
                data[offset as usize..end as usize].fill(byte);
                Some(fits as usize)
            }
        }
    }

    fn resize(&self, content: &Content, size: u64) -> bool {
        let old = content.borrow().len() as u64;
        let fits = self.used().0 - old + size <= LIMITS.0;
        if fits {
            content.borrow_mut().resize(size as usize, 0);
        }
        fits
    }

    fn rename(&mut self, old: &str, new: &str) -> bool {
        let Some(moved) = self.names.get(old).cloned() else { return false };
        let inside = new.starts_with(&format!("{old}/"));
        let replaceable = match (&moved, self.names.get(new)) {
            (_, None) => true,
            _ if old == new => true,
            (None, Some(None)) => self.is_empty(new),
            (Some(_), Some(Some(_))) => true,
            (None, Some(Some(_))) | (Some(_), Some(None)) => false,
        };
        // Directories at the second level would be below the paths that the model knows.
        if inside || !replaceable || !self.parent_exists(new) {
            return false;
        }
        let same = matches!((&moved, self.names.get(new)), (Some(one), Some(Some(other))) if Rc::ptr_eq(one, other));
        if same || old == new {
            return true;
        }
        self.names.remove(new);
        let below: Vec<String> = self.names.keys().filter(|name| *name == old || name.starts_with(&format!("{old}/"))).cloned().collect();
        for name in below {
            let entry = self.names.remove(&name).unwrap();
            self.names.insert(format!("{new}{}", &name[old.len()..]), entry);
        }
        true
    }
}

/// Does a step on both and says whether each succeeded, a write with how much it wrote.
fn apply(step: &Step, tree: &mut Tree, model: &mut Model, byte: u8) -> (Option<usize>, Option<usize>) {
    let done = |result: Result<(), Fault>| result.ok().map(|()| 0);
    let create = Open { create: true, write: true, ..Open::default() };
    match *step {
        Step::Write(path, offset, count) => {
            let content = model.file(PATHS[path]);
            let expected = content.and_then(|content| model.write(&content, offset, count, byte));
            let id = tree.open(ROOT, PATHS[path], create);
            let got = id.and_then(|id| {
                let written = tree.write(id, offset, &vec![byte; count]);
                tree.release(id, Seat::Descriptor);
                written
            });
            (got.ok(), expected)
        }
        Step::Resize(path, size) => {
            let content = model.file(PATHS[path]);
            let expected = content.is_some_and(|content| model.resize(&content, size));
            let got = run(tree, &format!("size {} {size}", PATHS[path])).is_ok();
            (got.then_some(0), expected.then_some(0))
        }
        Step::Mkdir(path) => {
            let expected = !model.names.contains_key(PATHS[path]) && model.parent_exists(PATHS[path]) && model.has_room();
            if expected {
                model.names.insert(PATHS[path].to_owned(), None);
            }
            (done(tree.make_directory(ROOT, PATHS[path]).map(|_| ())), expected.then_some(0))
        }
        Step::Rmdir(path) => {
            let expected = matches!(model.names.get(PATHS[path]), Some(None)) && model.is_empty(PATHS[path]);
            if expected {
                model.names.remove(PATHS[path]);
            }
            (done(tree.remove_directory(ROOT, PATHS[path])), expected.then_some(0))
        }
        Step::Unlink(path) => {
            let expected = matches!(model.names.get(PATHS[path]), Some(Some(_)));
            if expected {
                model.names.remove(PATHS[path]);
            }
            (done(tree.unlink(ROOT, PATHS[path])), expected.then_some(0))
        }
        Step::Rename(old, new) => {
            let expected = model.rename(PATHS[old], PATHS[new]);
            (done(tree.rename((ROOT, PATHS[old]), (ROOT, PATHS[new]))), expected.then_some(0))
        }
        Step::Link(old, new) => {
            let content = model.names.get(PATHS[old]).cloned().flatten();
            let free = !model.names.contains_key(PATHS[new]) && model.parent_exists(PATHS[new]) && model.has_room();
            let expected = content.filter(|_| free).map(|content| model.names.insert(PATHS[new].to_owned(), Some(content)));
            let got = tree.link((ROOT, PATHS[old]), Last::Stay, (ROOT, PATHS[new]));
            (done(got), expected.map(|_| 0))
        }
        Step::Hold(path) => {
            let content = model.names.get(PATHS[path]).cloned().flatten();
            let opened = tree.open(ROOT, PATHS[path], Open { write: true, ..Open::default() }).ok();
            if let (Some(id), Some(content)) = (opened, content.clone()) {
                model.held.push((id, content));
            }
            (opened.map(|_| 0), content.map(|_| 0))
        }
        Step::WriteHeld(held, offset, count) => match model.held.get(held).cloned() {
            Some((id, content)) => (tree.write(id, offset, &vec![byte; count]).ok(), model.write(&content, offset, count, byte)),
            None => (None, None),
        },
        Step::Release(held) => {
            if held < model.held.len() {
                tree.release(model.held.remove(held).0, Seat::Descriptor);
            }
            (None, None)
        }
    }
}

proptest! {
    #[test]
    fn accounts_agree_with_a_model(steps in prop::collection::vec(step(), 1..60)) {
        let (mut tree, budget) = tree(LIMITS.0, LIMITS.1);
        let mut model = Model::default();
        for (byte, step) in steps.iter().enumerate() {
            let (got, expected) = apply(step, &mut tree, &mut model, byte as u8);
            prop_assert_eq!(got, expected, "{:?}", step);
            prop_assert_eq!(tree.used(), model.used(), "{:?}", step);
            let (bytes, count) = tree.used();
            prop_assert_eq!(budget.used(), bytes + 1024 * u64::from(count));
            for (path, entry) in &model.names {
                let id = tree.find(ROOT, path, Last::Follow).unwrap();
                let expected = entry.as_ref().map(|content| content.borrow().clone());
                prop_assert_eq!(tree.data(id), expected.as_deref());
            }
        }
        for (id, content) in model.held.drain(..) {
            prop_assert_eq!(tree.data(id), Some(&**content.borrow()));
            tree.release(id, Seat::Descriptor);
        }
        drop(tree);
        prop_assert_eq!(budget.used(), 0);
    }
}
