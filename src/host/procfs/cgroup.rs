//! Control groups of processes: `cgroup`.

use super::read;

/// Returns the control groups of process `pid`, or of this process, each as its controllers and its path; a group
/// of the version 2 hierarchy names no controllers.
pub(crate) fn cgroups(pid: Option<u32>) -> Vec<(String, String)> {
    let process = pid.map_or("self".to_owned(), |pid| pid.to_string());
    let groups = read::text(&format!("/proc/{process}/cgroup"), |text| Some(parse_cgroups(text)));
    groups.unwrap_or_default()
}

/// Splits the lines `id:controllers:path`.
pub(crate) fn parse_cgroups(text: &str) -> Vec<(String, String)> {
    let group = |line: &str| {
        let mut fields = line.splitn(3, ':').skip(1);
        Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
    };
    text.lines().filter_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_hierarchies_are_recognised() {
        let groups = parse_cgroups("4:memory:/a/b\n0::/user.slice\n");
        let expected = [("memory", "/a/b"), ("", "/user.slice")];
        assert_eq!(groups, expected.map(|(controllers, path)| (controllers.to_owned(), path.to_owned())));
    }
}
