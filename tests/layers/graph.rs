//! The uses among files: paths resolved to the files that define their items, and the circles of uses.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{ModulePath, PathUse, SourceFile};

/// Maximum number of re-exports that a path may lead through.
const MAX_REEXPORTS: usize = 8;

/// One file uses an item of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) from: ModulePath,
    pub(crate) to: ModulePath,
    /// Place of the use, and the path that is used.
    pub(crate) place: String,
}

/// The files of a crate and what each uses of the others.
pub(crate) struct Graph {
    files: BTreeMap<ModulePath, SourceFile>,
    pub(crate) edges: Vec<Edge>,
}

/// Parts of one module that use each other in a circle.
#[derive(Debug)]
pub(crate) struct Circle {
    /// The module, and the names of its parts; the module's own file is `self`.
    pub(crate) name: String,
    /// One line for each pair of parts in which one uses the other.
    pub(crate) evidence: Vec<String>,
}

impl Graph {
    pub(crate) fn new(files: impl IntoIterator<Item = SourceFile>) -> Self {
        let mut files: BTreeMap<_, _> = files.into_iter().map(|file| (file.module.clone(), file)).collect();
        let test_only: Vec<ModulePath> = files
            .values()
            .flat_map(|file| {
                file.test_modules.iter().map(|name| [&file.module[..], std::slice::from_ref(name)].concat())
            })
            .collect();
        files.retain(|module, _| !test_only.iter().any(|test| module.starts_with(test)));
        let mut graph = Graph { files, edges: Vec::new() };
        let mut edges: Vec<Edge> = graph
            .files
            .values()
            .flat_map(|file| file.uses.iter().filter_map(|used| graph.edge(file, used)))
            .collect();
        edges.sort();
        edges.dedup();
        graph.edges = edges;
        graph
    }

    /// The modules right under the root.
    pub(crate) fn rooms(&self) -> BTreeSet<&str> {
        self.files.keys().filter_map(|module| module.first()).map(String::as_str).collect()
    }

    fn edge(&self, file: &SourceFile, used: &PathUse) -> Option<Edge> {
        let to = self.resolve(&used.path, MAX_REEXPORTS)?;
        if to == file.module {
            return None;
        }
        let place = format!("{}:{} uses {}", file.name, used.line, used.path.join("::"));
        Some(Edge { from: file.module.clone(), to, place })
    }

    /// Finds the file that defines the item at the end of an absolute path; a module is no item.
    fn resolve(&self, path: &[String], reexports: usize) -> Option<ModulePath> {
        let depth = (0..=path.len()).rev().find(|depth| self.files.contains_key(&path[..*depth]))?;
        let (module, rest) = path.split_at(depth);
        let file = &self.files[module];
        // A path that ends at a module only names it for later use.
        let name = rest.first()?;
        if file.items.contains(name) {
            return Some(module.to_vec());
        }
        let left = reexports.checked_sub(1)?;
        if let Some(meaning) = file.imports.get(name) {
            return self.resolve(&[meaning, &rest[1..]].concat(), left);
        }
        let by_glob = |glob: &ModulePath| {
            let file = self.files.get(glob)?;
            (file.items.contains(name) || file.imports.contains_key(name))
                .then(|| self.resolve(&[glob, rest].concat(), left))?
        };
        file.globs.iter().find_map(by_glob)
    }

    /// Finds the circles among the parts of every module.
    pub(crate) fn circles(&self) -> Vec<Circle> {
        let parents: BTreeSet<&[String]> =
            self.files.keys().flat_map(|module| (0..=module.len()).map(|depth| &module[..depth])).collect();
        parents.into_iter().flat_map(|parent| self.circles_in(parent)).collect()
    }

    fn circles_in(&self, parent: &[String]) -> Vec<Circle> {
        let part = |module: &ModulePath| {
            module
                .starts_with(parent)
                .then(|| module.get(parent.len()).map_or("self", String::as_str).to_owned())
        };
        let inner: Vec<(String, String, &Edge)> = self
            .edges
            .iter()
            .filter_map(|edge| Some((part(&edge.from)?, part(&edge.to)?, edge)))
            .filter(|(from, to, _)| from != to)
            .collect();
        let pairs: BTreeSet<(&str, &str)> = inner.iter().map(|(from, to, _)| (&**from, &**to)).collect();
        let circle_of = |parts: &BTreeSet<&str>| Circle {
            name: format!(
                "{}: {}",
                if parent.is_empty() { "crate".into() } else { parent.join("::") },
                parts.iter().copied().collect::<Vec<_>>().join(", ")
            ),
            evidence: inner
                .iter()
                .filter(|(from, to, _)| parts.contains(&**from) && parts.contains(&**to))
                .map(|(from, to, edge)| ((from, to), &edge.place))
                .collect::<BTreeMap<_, _>>()
                .into_iter()
                .map(|((from, to), place)| format!("{from} -> {to}: {place}"))
                .collect(),
        };
        strongly_connected(&pairs).iter().map(circle_of).collect()
    }
}

/// Finds the sets of more than one node that all reach each other.
fn strongly_connected<'a>(edges: &BTreeSet<(&'a str, &'a str)>) -> Vec<BTreeSet<&'a str>> {
    let reached = |start: &'a str| {
        let mut seen = BTreeSet::new();
        let mut next = vec![start];
        while let Some(node) = next.pop() {
            let new = edges.iter().filter(|(from, _)| *from == node).map(|(_, to)| *to);
            next.extend(new.filter(|to| seen.insert(*to)));
        }
        seen
    };
    let nodes: BTreeSet<&str> = edges.iter().map(|(from, _)| *from).collect();
    let reach: BTreeMap<&str, BTreeSet<&str>> = nodes.iter().map(|node| (*node, reached(node))).collect();
    let mut found: Vec<BTreeSet<&str>> = Vec::new();
    for node in &nodes {
        if found.iter().any(|set| set.contains(node)) {
            continue;
        }
        let mutual = |other: &&&str| reach[*node].contains(**other) && reach[**other].contains(*node);
        let set: BTreeSet<&str> = nodes.iter().filter(mutual).copied().collect();
        if set.len() > 1 {
            found.push(set);
        }
    }
    found
}
