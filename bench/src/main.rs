//! Holds the hot path to its budget: the instructions that the server spends on a relayed frame, on a delivery and on a match, from the
//! bytes in the socket to the bytes in the other one.
//!
//! ```text
//! budget             counts, and compares with bench/budget.json; exit code 1 where a figure is too far above
//! budget renew       counts, and writes that file
//! budget run NAME    does what is counted for one figure, and tells how many units that were
//! ```
//! Instructions are counted because times are not the same twice. Callgrind counts what the program does itself: not the kernel, and no
//! cycles. It is not the machine that decides then, nor who else uses it; but another compiler or libc may move a figure by some per cent.
//!
//! - [`house`]: the real server with all its limits, on one thread with its clients; only its own turns are counted
//! - [`figures`]: what it is made to do
//! - [`callgrind`]: runs this program again and counts
//! - [`budget`]: what was allowed, and what to think of what it is now

#![forbid(unsafe_code)]

mod budget;
mod callgrind;
mod client;
mod figures;
mod house;

use std::{env, error::Error, path::Path, process::ExitCode};

use meetpoint_scorecard::{Goal, figure};

use self::{
    budget::{Budget, Verdict, most},
    figures::{FIGURES, Figure},
    house::House,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => check(),
        ["renew"] => renew(),
        ["run", name] => run(name),
        _ => Err("usage: budget [renew | run NAME]".into()),
    };
    done.unwrap_or_else(|problem| {
        eprintln!("budget: {problem}");
        ExitCode::from(2)
    })
}

fn check() -> Result<ExitCode> {
    in_its_profile()?;
    if let Some(missing) = missing() {
        println!("budget: SKIPPED, nothing was counted: {missing}");
        return Ok(ExitCode::SUCCESS);
    }
    let budget = Budget::read()?;
    let mut code = ExitCode::SUCCESS;
    for counted in FIGURES {
        let Figure { name, unit, .. } = counted;
        let (now, allowed) = (callgrind::count(counted)?, budget.of(name)?);
        let verdict = Verdict::of(now, allowed);
        println!("budget: {now:>6} instructions per {unit}, {allowed} allowed: {verdict}");
        figure("L7", &format!("per {unit}"), now as f64, "instructions", Goal::AtMost(most(allowed)));
        if verdict == Verdict::Above {
            println!("budget: where they are: callgrind_annotate {}", callgrind::profile(name)?.display());
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn renew() -> Result<ExitCode> {
    in_its_profile()?;
    if let Some(missing) = missing() {
        return Err(missing.into());
    }
    let mut budget = Budget::default();
    for figure in FIGURES {
        let now = callgrind::count(figure)?;
        println!("budget: {now:>6} instructions per {}", figure.unit);
        budget.set(figure.name, now);
    }
    budget.write()?;
    Ok(ExitCode::SUCCESS)
}

fn run(name: &str) -> Result<ExitCode> {
    let figure = FIGURES.iter().find(|figure| figure.name == name).ok_or("no such figure")?;
    println!("{}", (figure.run)(&House::open()?)?);
    Ok(ExitCode::SUCCESS)
}

/// Other profiles optimise otherwise, and their figures are others.
fn in_its_profile() -> Result<()> {
    let exe = env::current_exe()?;
    if exe.parent().and_then(Path::file_name).is_some_and(|profile| profile == "budget") {
        return Ok(());
    }
    Err("counts only what is built with --profile budget".into())
}

/// What the machine lacks to count as the figures were counted that are allowed.
fn missing() -> Option<&'static str> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
        Some("the budget is that of x86-64 Linux with glibc")
    } else if !callgrind::copies_as_allowed() {
        Some("the budget is that of a processor with AVX2")
    } else if !callgrind::is_there() {
        Some("valgrind is not installed")
    } else {
        None
    }
}
