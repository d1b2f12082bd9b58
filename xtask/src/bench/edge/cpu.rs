//! CPU time of processes, from `/proc`.

use anyhow::Context as _;

/// User and system time of these processes so far, in clock ticks.
pub(crate) fn ticks(pids: &[u32]) -> anyhow::Result<u64> {
    let mut sum = 0;
    for pid in pids {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .with_context(|| format!("process {pid} is gone"))?;
        // The name in parentheses may hold spaces; fields are counted after it.
        let (_, fields) = text.rsplit_once(')').context("stat")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        for index in [11, 12] {
            let field = fields.get(index).context("stat")?;
            sum += field.parse::<u64>().context("stat")?;
        }
    }
    Ok(sum)
}

/// Clock ticks in a second.
pub(crate) fn ticks_per_second() -> anyhow::Result<f64> {
    let text = crate::run::output(std::path::Path::new("/"), "getconf", &["CLK_TCK"])?;
    String::from_utf8_lossy(&text)
        .trim()
        .parse()
        .context("getconf CLK_TCK")
}
