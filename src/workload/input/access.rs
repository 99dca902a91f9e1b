//! The files that a workload file may touch.
//!
//! A workload file is a program, and often somebody else's. What it names inside its own directory is its own. To
//! change a file that exists elsewhere, both the file and the user who runs it have to say so; to read items from
//! elsewhere, the user has to.

use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnostics::Code;
use crate::workload::input::value::ValueError;
use crate::workload::item::{Item, Items};
use crate::workload::template::{PLACEHOLDER, Template};

/// What the user allows workload files to do outside their directories.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Access {
    /// True if items may be read from any file.
    pub(crate) read: bool,
    /// True if files that exist may be changed where the workload file asks to.
    pub(crate) write: bool,
}

/// Most names that are looked up; where there are more, the first ones stand for all.
const MAX_CHECKED_ITEMS: u64 = 10_000;

/// Checks the name of a file that a step writes to: `overwrite` is what the workload file says.
pub(super) fn check_write(
    path: &str,
    overwrite: bool,
    items: Option<&Items>,
    directory: &Path,
    access: Access,
) -> Result<(), ValueError> {
    if overwrite && access.write {
        return Ok(());
    }
    let template = Template::new(path);
    let changes = |item: Item<'_>| {
        let path = template.render(item);
        exists_outside(Path::new(path.as_ref()), directory).then(|| path.into_owned())
    };
    let changed = if path.contains(PLACEHOLDER) {
        let items = items.map(|items| (0..items.len().min(MAX_CHECKED_ITEMS)).map(|i| items.get(i)));
        items.and_then(|mut items| items.find_map(changes))
    } else {
        changes(Item::Index(0))
    };
    match changed {
        None => Ok(()),
        Some(file) => {
            let message = format!(
                "would change '{file}', which exists and is not in the directory of the workload file"
            );
            let help = match overwrite {
                true => "run it with --allow-write if you trust the workload file",
                false => {
                    "name another file; or write overwrite = true in the step, and run it with --allow-write"
                }
            };
            Err(ValueError::new(message).with_code(Code::WorkloadAccess).with_help(help))
        }
    }
}

/// Checks the file that items are read from.
pub(super) fn check_items(path: &Path, directory: &Path, access: Access) -> Result<(), ValueError> {
    if access.read || !exists_outside(path, directory) {
        return Ok(());
    }
    let message =
        format!("would read '{}', which is not in the directory of the workload file", path.display());
    let help = "copy the list beside the workload file, or run it with --allow-read if you trust the file";
    Err(ValueError::new(message).with_code(Code::WorkloadAccess).with_help(help))
}

/// Returns true if there is such a file, and it is not below the directory once links are followed. Devices are no
/// files: nothing in them is lost.
fn exists_outside(path: &Path, directory: &Path) -> bool {
    let is_kept = fs::metadata(path).is_ok_and(|meta| meta.is_file() || meta.is_dir());
    is_kept && path.canonicalize().is_ok_and(|file| !file.starts_with(home(directory)))
}

/// Returns the directory without links; that of a bare file name is the current one.
fn home(directory: &Path) -> PathBuf {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    directory.canonicalize().unwrap_or_else(|_| directory.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const TRUSTED: Access = Access { read: true, write: true };

    fn file(directory: &Path, name: &str) -> String {
        let path = directory.join(name);
        fs::write(&path, "precious").expect("written");
        path.to_str().expect("UTF-8").to_owned()
    }

    #[test]
    fn a_file_outside_is_changed_only_if_both_say_so() {
        let (home, outside) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("another"));
        let (own, precious) = (file(home.path(), "own"), file(outside.path(), "precious"));
        let check =
            |path: &str, overwrite, access| check_write(path, overwrite, None, home.path(), access).is_ok();
        assert!(check(&own, false, Access::default()));
        assert!(check(&format!("{precious}-new"), false, Access::default()), "it makes a file");
        assert!(!check(&precious, false, Access::default()));
        assert!(!check(&precious, true, Access::default()));
        assert!(!check(&precious, false, TRUSTED));
        assert!(check(&precious, true, TRUSTED));
        assert!(check("/dev/null", false, Access::default()));
    }

    #[test]
    fn neither_links_nor_dots_nor_items_lead_outside() {
        let (home, outside) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("another"));
        let precious = file(outside.path(), "precious");
        let link = home.path().join("link");
        symlink(&precious, &link).expect("a link");
        let check = |path: &str, items: Option<&Items>| {
            check_write(path, false, items, home.path(), Access::default()).is_ok()
        };
        assert!(!check(link.to_str().expect("UTF-8"), None));
        let name = outside.path().file_name().expect("a name").to_str().expect("UTF-8");
        assert!(!check(&format!("{}/../{name}/precious", home.path().display()), None));
        let items = Items::List(vec!["none".to_owned(), "precious".to_owned()]);
        let template = format!("{}/{{item}}", outside.path().display());
        assert!(!check(&template, Some(&items)));
        assert!(check(&template, Some(&Items::List(vec!["none".to_owned()]))));
    }

    #[test]
    fn items_outside_are_read_only_if_the_user_says_so() {
        let (home, outside) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("another"));
        let (own, secret) = (file(home.path(), "own"), file(outside.path(), "secret"));
        let check = |path: &str, access| check_items(Path::new(path), home.path(), access).is_ok();
        assert!(check(&own, Access::default()) && check(&secret, TRUSTED));
        assert!(!check(&secret, Access::default()));
        assert!(check("/no/such/file", Access::default()), "which is another error");
    }
}
