//! The settings as the README shows them.

use super::table;

/// Behind what may change while the server runs.
const LIVE: &str = " ↻";

/// A Markdown table of every setting, in the order of the help: variable and alias, flag, default, what is accepted,
/// and what it does, with ↻ where SIGHUP changes it. Ends with a line feed.
pub fn settings_markdown() -> String {
    let mut lines = vec![row(["variable (alias)", "flag", "default", "accepts", "what"].map(str::to_owned))];
    lines.push(row([const { "---" }; 5].map(str::to_owned)));
    lines.extend(table::all().map(|setting| {
        let names = setting.variables().map(code).collect::<Vec<_>>();
        let names = match names.as_slice() {
            [name, alias] => format!("{name} ({alias})"),
            names => names.concat(),
        };
        let default = setting.value.default().filter(|text| !text.is_empty());
        let default = default.map_or_else(|| setting.unset.to_owned(), |text| code(&text));
        let live = if setting.live { LIVE } else { "" };
        row([names, code(&setting.dashed()), default, setting.value.takes(), format!("{}{live}", setting.help)])
    }));
    lines.concat()
}

fn row(cells: [String; 5]) -> String {
    format!("| {} |\n", cells.map(|cell| cell.replace('|', r"\|").replace('*', r"\*")).join(" | "))
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
