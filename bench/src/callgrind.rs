//! Runs this program again under valgrind's callgrind, which counts instructions.

use std::{
    env,
    ffi::OsString,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::{Result, figures::Figure};

/// Counting is on inside of functions with this in their names: [`crate::house`] has the one.
const COUNTED: &str = "--toggle-collect=*counted_turn*";

/// Without it libc clears and copies by `rep stosb` and `rep movsb`, of which callgrind counts each byte; it is the same work by loops.
const LIBC: (&str, &str) = ("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-ERMS");

pub fn is_there() -> bool {
    let asked = Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Whether libc and others do with this processor what they did when the budget was counted.
pub fn copies_as_allowed() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Where the last profile of a figure is, by function.
pub fn profile(name: &str) -> Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name(format!("callgrind.{name}.out")))
}

/// Instructions per unit of the figure.
pub fn count(figure: &Figure) -> Result<u64> {
    let mut out = OsString::from("--callgrind-out-file=");
    out.push(profile(figure.name)?);
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", COUNTED]).arg(out).arg(env::current_exe()?).args(["run", figure.name]);
    let ran = command.env(LIBC.0, LIBC.1).output()?;
    let said = String::from_utf8_lossy(&ran.stderr);
    if !ran.status.success() {
        return Err(format!("{}: {}\n{said}", figure.name, ran.status).into());
    }
    let units: u64 = String::from_utf8(ran.stdout)?.trim().parse()?;
    let instructions = said.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    let instructions: u64 = instructions.ok_or("callgrind does not tell what it has counted")?.parse()?;
    match instructions / units {
        0 => Err(format!("{}: next to nothing was counted", figure.name).into()),
        each => Ok(each),
    }
}
