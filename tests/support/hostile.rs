//! Texts that were made to break whatever they are pasted into: at least five hundred, no two alike, each of 1 to 128 UTF-16 units.

use std::collections::BTreeSet;

/// What means something to somebody: a query, a shell, a page, a log, a key, a pattern, a parser.
const MEANT: [&str; 62] = [
    "\"double\" 'single' `back` \\ slash / \\\" \\u0041",
    "line\r\nSet-Cookie: a=b\r\n\r\n<html>",
    "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "\n{\"level\":\"ERROR\",\"fields\":{\"message\":\"forged\"}}",
    "\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}",
    "\u{1b}[2J\u{1b}[1;1H",
    "\u{1b}]8;;https://evil.example\u{1b}\\link",
    "\u{9b}31mred",
    "\u{202e}evil\u{2066}bidi\u{200f}",
    "\u{feff}bom\u{2028}\u{2029}\u{85}",
    "' OR 1=1; DROP TABLE offers;--",
    "'; ATTACH DATABASE '/tmp/x' AS x; --",
    "1); DELETE FROM codes WHERE (1=1",
    "\" UNION SELECT secret FROM offers --",
    "%' ESCAPE '\\",
    "*?[a-z]{x,y}%_",
    "{user:1}:*",
    "\r\n*1\r\n$8\r\nFLUSHALL\r\n",
    "a\0b",
    "\0",
    "../../etc/passwd",
    "..%2f..%2f%00",
    "....//....//",
    "C:\\Windows\\..\\",
    "file:///etc/passwd",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "</title><svg/onload=alert(1)>",
    "]]><![CDATA[",
    "<!--#exec cmd=\"/bin/sh\"-->",
    "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    "${jndi:ldap://x} {{7*7}} %s %n {}",
    "#{7*7} <%= 7*7 %> ${{7*7}}",
    "%x%x%x%n%p%99999d",
    "$(id) `id` ;id |id &&id",
    "\\x41\\101\\u{41}\\N{BULLET}",
    "&lt;&#0;&#x202e;&amp;",
    "%C0%AF%ED%A0%80%FF",
    "a+b=c&d;e#f?g",
    "\",\"peers\":[{\"clientId\":\"",
    "\\\"},{\"type\":\"joined\"",
    "{\"type\":\"ping\"}",
    "[[[[[[[[[[[[[[[[[[[[",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "null",
    "undefined",
    "NaN",
    "true",
    "-1",
    "1e400",
    "9223372036854775808",
    "0x7fffffff",
    "(a+)+$",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "\u{fdfa}\u{1d4b3}\u{10ffff}",
    "K\u{212a}\u{17f}\u{130}\u{df}",
];

/// Characters that are no letters: alone, before, in and after a word.
fn strange() -> impl Iterator<Item = char> {
    let controls = ('\0'..=' ').chain('\u{7f}'..='\u{a0}');
    let marks = ('!'..='~').filter(|character| !character.is_ascii_alphanumeric());
    let unseen =
        ['\u{ad}', '\u{34f}', '\u{61c}', '\u{115f}', '\u{180e}', '\u{3164}', '\u{feff}', '\u{fffc}', '\u{fffd}'];
    let formats = ('\u{200b}'..='\u{200f}').chain('\u{2028}'..='\u{202f}').chain('\u{2060}'..='\u{206f}');
    let beyond = ['\u{fdd0}', '\u{fffe}', '\u{ffff}', '\u{1fffe}', '\u{e0001}', '\u{e0041}', '\u{10ffff}', '\u{f0000}'];
    controls.chain(marks).chain(unseen).chain(formats).chain(beyond)
}

pub fn texts() -> Vec<String> {
    let around =
        strange().flat_map(|mark| [format!("{mark}"), format!("{mark}a"), format!("a{mark}b"), format!("a{mark}")]);
    let long = ['"', '\\', '\u{1b}', '%', '\u{301}'].map(|mark| String::from_iter([mark; 128]));
    let texts: BTreeSet<_> = MEANT.map(str::to_owned).into_iter().chain(around).chain(long).collect();
    assert!(texts.len() >= 500, "{} texts", texts.len());
    texts.into_iter().collect()
}
