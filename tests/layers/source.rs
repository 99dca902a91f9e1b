//! One source file as the rules see it: the items it defines, the names it imports, the paths it uses.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// The segments of a path, from the root of the crate.
pub(crate) type ModulePath = Vec<String>;

/// A path that a file uses outside of its tests.
#[derive(Clone, Debug)]
pub(crate) struct PathUse {
    pub(crate) path: ModulePath,
    pub(crate) line: usize,
}

/// One file of a crate.
#[derive(Debug, Default)]
pub(crate) struct SourceFile {
    /// Path of the file, as messages show it.
    pub(crate) name: String,
    pub(crate) module: ModulePath,
    pub(crate) items: BTreeSet<String>,
    /// Modules that the file declares and that are compiled only for tests.
    pub(crate) test_modules: BTreeSet<String>,
    /// Imported names with the absolute paths they stand for, re-exports included.
    pub(crate) imports: BTreeMap<String, ModulePath>,
    /// Modules (or enums) that the file imports everything from.
    pub(crate) globs: Vec<ModulePath>,
    pub(crate) uses: Vec<PathUse>,
    /// The first item that is more than a module, an import or a document.
    pub(crate) first_logic: Option<usize>,
}

impl SourceFile {
    /// Reads a file of the crate whose root is `src/lib.rs`.
    pub(crate) fn parse(name: &str, text: &str) -> Self {
        let module = module_of(name);
        let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let declarations: BTreeSet<String> = syntax.items.iter().filter_map(declared_module).collect();
        let mut file = SourceFile { name: name.into(), module: module.clone(), ..Self::default() };
        for item in &syntax.items {
            file.define(item);
        }
        let mut reader = Reader { scope: module, declarations, file };
        reader.visit_file(&syntax);
        let mut file = reader.file;
        file.qualify();
        file
    }

    fn define(&mut self, item: &Item) {
        if is_test_only(attributes(item)) {
            self.test_modules.extend(declared_module(item));
            return;
        }
        let name = match item {
            Item::Const(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Fn(item) => &item.sig.ident,
            Item::Static(item) => &item.ident,
            Item::Struct(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::Type(item) => &item.ident,
            Item::Union(item) => &item.ident,
            Item::Macro(item) if item.ident.is_some() => item.ident.as_ref().expect("just seen"),
            Item::Mod(item) if item.content.is_some() => &item.ident,
            _ => {
                if !matches!(item, Item::Mod(_) | Item::Use(_)) {
                    self.first_logic.get_or_insert(line_of(item));
                }
                return;
            }
        };
        self.first_logic.get_or_insert(line_of(item));
        self.items.insert(name.to_string());
    }

    /// Replaces imported names at the beginning of used paths by what they stand for.
    fn qualify(&mut self) {
        let imports = self.imports.clone();
        self.uses.retain_mut(|used| {
            let Some(first) = used.path.first() else { return false };
            if first == "crate" {
                used.path.remove(0);
                return true;
            }
            let Some(meaning) = imports.get(first) else { return false };
            used.path.splice(..1, meaning.iter().cloned());
            true
        });
    }
}

/// The module that a file under `src` holds: `src/a/b.rs` and `src/a/b/mod.rs` hold `a::b`.
fn module_of(name: &str) -> ModulePath {
    let inner = name.strip_prefix("src/").unwrap_or(name).trim_end_matches(".rs");
    let mut module: ModulePath = inner.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

fn declared_module(item: &Item) -> Option<String> {
    match item {
        Item::Mod(item) if item.content.is_none() => Some(item.ident.to_string()),
        _ => None,
    }
}

fn line_of(item: &Item) -> usize {
    use syn::spanned::Spanned;
    item.span().start().line
}

/// Returns whether attributes keep an item out of everything but tests.
pub(crate) fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Collects imports and used paths; `scope` is the module of the place that is read.
struct Reader {
    scope: ModulePath,
    declarations: BTreeSet<String>,
    file: SourceFile,
}

impl Reader {
    /// Returns the path from the root, beginning with `crate`, if `path` begins at a known module.
    fn absolute(&self, path: &[String]) -> Option<ModulePath> {
        let mut absolute = vec!["crate".to_owned()];
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => rest = &path[1..],
            "self" => {
                absolute.extend(self.scope.iter().cloned());
                rest = &path[1..];
            }
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                let kept = self.scope.len().checked_sub(ups)?;
                absolute.extend(self.scope[..kept].iter().cloned());
                rest = &path[ups..];
            }
            first if self.declarations.contains(first) => absolute.extend(self.file.module.iter().cloned()),
            _ => return None,
        }
        absolute.extend(rest.iter().cloned());
        Some(absolute)
    }

    fn record(&mut self, path: Vec<String>, span: Span) {
        let path = self.absolute(&path).unwrap_or(path);
        self.file.uses.push(PathUse { path, line: span.start().line });
    }

    /// Reads one tree of imports; a re-export is an address, which only counts where its name is used.
    fn import(&mut self, prefix: &[String], tree: &UseTree, is_reexport: bool, span: Span) {
        let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(tree) => {
                self.import(&with(&tree.ident), &tree.tree, is_reexport, tree.ident.span())
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(prefix, tree, is_reexport, span);
                }
            }
            UseTree::Name(tree) if tree.ident == "self" => {
                let name = prefix.last().cloned().unwrap_or_default();
                self.bind(name, prefix.to_vec(), is_reexport, span);
            }
            UseTree::Name(tree) => {
                self.bind(tree.ident.to_string(), with(&tree.ident), is_reexport, tree.ident.span());
            }
            UseTree::Rename(tree) => {
                let path = if tree.ident == "self" { prefix.to_vec() } else { with(&tree.ident) };
                self.bind(tree.rename.to_string(), path, is_reexport, tree.ident.span());
            }
            UseTree::Glob(_) => {
                let Some(path) = self.absolute(prefix) else { return };
                self.file.globs.push(path[1..].to_vec());
                if !is_reexport {
                    self.file.uses.push(PathUse { path, line: span.start().line });
                }
            }
        }
    }

    fn bind(&mut self, name: String, path: Vec<String>, is_reexport: bool, span: Span) {
        // An import of an import, such as `use tables; use tables::Row;`, or one from another crate.
        let absolute = self.absolute(&path).or_else(|| {
            let known = self.file.imports.get(path.first()?)?;
            Some([&["crate".to_owned()], known.as_slice(), &path[1..]].concat())
        });
        let Some(absolute) = absolute else { return };
        self.file.imports.insert(name, absolute[1..].to_vec());
        if !is_reexport {
            self.file.uses.push(PathUse { path: absolute, line: span.start().line });
        }
    }

    /// Reads paths in the arguments of a macro or an attribute, which have no syntax tree.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        let mut after_dot = false;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => self.literal(&literal),
                TokenTree::Ident(ident) => {
                    let (span, mut path) = (ident.span(), vec![ident.to_string()]);
                    while is_colon(tokens.peek()) {
                        tokens.next();
                        if !is_colon(tokens.peek()) {
                            break;
                        }
                        tokens.next();
                        let Some(TokenTree::Ident(next)) = tokens.peek() else { break };
                        path.push(next.to_string());
                        tokens.next();
                    }
                    if !after_dot {
                        self.record(path, span);
                    }
                    after_dot = false;
                    continue;
                }
                TokenTree::Punct(ref punct) => after_dot = punct.as_char() == '.',
            }
        }
    }

    /// Reads a path in quotes, as in `#[serde(default = "crate::a::b")]`.
    fn literal(&mut self, literal: &proc_macro2::Literal) {
        let text = literal.to_string();
        if let Ok(path) = syn::parse_str::<syn::Path>(text.trim_matches('"'))
            && path.segments.len() > 1
        {
            self.record(segments(&path), literal.span());
        }
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}

fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test_only(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test_only(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.scope.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.scope.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            let is_reexport = !matches!(item.vis, Visibility::Inherited);
            self.import(&[], &item.tree, is_reexport, item.use_token.span);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let span = path.segments.first().map_or_else(Span::call_site, |first| first.ident.span());
            self.record(segments(path), span);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        visit::visit_macro(self, item);
        self.tokens(item.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}
