//! The size of files and functions.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Expr, Stmt};

/// Lines that a file may have.
pub(crate) const MAX_FILE_LINES: usize = 450;

/// Lines that a function may have, from its signature to its closing brace.
pub(crate) const MAX_FUNCTION_LINES: usize = 60;

/// Finds the functions of a file that are too long, as `name (lines)`.
pub(crate) fn long_functions(text: &str) -> Vec<String> {
    let syntax = syn::parse_file(text).expect("the file is parsed elsewhere too");
    let mut finder = Finder::default();
    finder.visit_file(&syntax);
    finder.found
}

#[derive(Default)]
struct Finder {
    found: Vec<String>,
}

impl Finder {
    fn judge(&mut self, signature: &syn::Signature, block: &Block) {
        let lines = block.span().end().line + 1 - signature.span().start().line;
        if lines > MAX_FUNCTION_LINES && !is_table(block) {
            self.found.push(format!("{} ({lines} lines)", signature.ident));
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.judge(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.judge(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }
}

/// Returns whether a body is a table: one `match`, array or structure in which nothing is done step by step.
fn is_table(block: &Block) -> bool {
    let mut steps = Steps::default();
    steps.visit_block(block);
    let last = block.stmts.last();
    steps.count == 0
        && matches!(
            last,
            Some(Stmt::Expr(Expr::Match(_) | Expr::Array(_) | Expr::Struct(_) | Expr::Reference(_), None))
        )
}

/// Counts statements other than the one that a block ends with.
#[derive(Default)]
struct Steps {
    count: usize,
}

impl<'ast> Visit<'ast> for Steps {
    fn visit_block(&mut self, block: &'ast Block) {
        let is_step =
            |statement: &&Stmt| !matches!(statement, Stmt::Item(_) | Stmt::Expr(_, None) | Stmt::Macro(_));
        self.count += block.stmts.iter().filter(is_step).count();
        visit::visit_block(self, block);
    }
}
