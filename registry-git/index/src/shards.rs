//! The shard table: the digest of every covered file, in 256 sorted files whose digests are in `shards.json` (spec/index.md IDX-15, IDX-16).

use crate::{
    Files, IndexError, document,
    layout::{self, Shard},
};
use mpp_schema::{
    Digest, FormatVersion,
    index::{Head, Shards},
};
use std::collections::BTreeMap;

/// The digests of the files of one shard.
pub(crate) type ShardLines = BTreeMap<String, Digest>;

/// Reads `shards.json` and compares it with the head.
pub(crate) fn table(files: &dyn Files, head: &Head) -> Result<Vec<Option<Digest>>, IndexError> {
    let file = read_exact(files, layout::SHARDS, head.shards)?;
    let table: Shards = document::parse(layout::SHARDS, &file)?;
    match table.shards.len() {
        256 => Ok(table.shards),
        found => Err(IndexError::malformed(layout::SHARDS, "256 digests", format!("{found}"))),
    }
}

/// Reads one shard file and compares it with the table.
pub(crate) fn lines(files: &dyn Files, table: &[Option<Digest>], shard: Shard) -> Result<ShardLines, IndexError> {
    let Some(expected) = table[usize::from(shard.0)] else { return Ok(ShardLines::new()) };
    let path = layout::shard_file(shard);
    let file = read_exact(files, &path, expected)?;
    let mut lines = ShardLines::new();
    for line in text(&path, &file)?.split_inclusive('\n') {
        let (covered, digest) = parse_line(&path, line)?;
        let sorted = lines.last_key_value().is_none_or(|(last, _)| last.as_str() < covered);
        if !sorted || layout::shard_of_path(covered) != shard {
            return Err(IndexError::malformed(&path, "sorted paths of this shard", format!("{covered:?}")));
        }
        lines.insert(covered.to_owned(), digest);
    }
    Ok(lines)
}

/// The digest of one covered file: the two reads that prove it, without reading every line of the shard.
pub(crate) fn digest_of(
    files: &dyn Files,
    table: &[Option<Digest>],
    covered: &str,
) -> Result<Option<Digest>, IndexError> {
    let shard = layout::shard_of_path(covered);
    let Some(expected) = table[usize::from(shard.0)] else { return Ok(None) };
    let path = layout::shard_file(shard);
    let file = read_exact(files, &path, expected)?;
    for line in text(&path, &file)?.split_inclusive('\n') {
        if line.strip_prefix(covered).is_some_and(|rest| rest.starts_with(' ')) {
            return Ok(Some(parse_line(&path, line)?.1));
        }
    }
    Ok(None)
}

/// Reads a covered file and compares it with its digest.
pub(crate) fn read_exact(files: &dyn Files, path: &str, expected: Digest) -> Result<Vec<u8>, IndexError> {
    let file = files
        .read_known(path, expected)?
        .ok_or_else(|| IndexError::Removed { path: path.to_owned(), what: "the file" })?;
    let found = Digest::of(&file);
    match found == expected {
        true => Ok(file),
        false => Err(IndexError::Mismatch { path: path.to_owned(), expected, found }),
    }
}

/// Writes the files of the shards that `changed` touches, and `shards.json`.
pub(crate) fn write(
    files: &dyn Files,
    table: &[Option<Digest>],
    changed: &BTreeMap<String, Digest>,
) -> Result<BTreeMap<String, Vec<u8>>, IndexError> {
    let mut by_shard: BTreeMap<Shard, ShardLines> = BTreeMap::new();
    for (path, digest) in changed {
        by_shard.entry(layout::shard_of_path(path)).or_default().insert(path.clone(), *digest);
    }
    let mut table = table.to_vec();
    let mut writes = BTreeMap::new();
    for (shard, new) in by_shard {
        let mut merged = lines(files, &table, shard)?;
        merged.extend(new);
        let file: String = merged.iter().map(|(path, digest)| format!("{path} {digest}\n")).collect();
        table[usize::from(shard.0)] = Some(Digest::of(file.as_bytes()));
        writes.insert(layout::shard_file(shard), file.into_bytes());
    }
    let table = Shards { mpp: FormatVersion::CURRENT, shards: table };
    writes.insert(layout::SHARDS.to_owned(), document::line(&table));
    Ok(writes)
}

fn text<'a>(path: &str, file: &'a [u8]) -> Result<&'a str, IndexError> {
    std::str::from_utf8(file).map_err(|error| IndexError::malformed(path, "UTF-8", error.to_string()))
}

fn parse_line<'a>(path: &str, line: &'a str) -> Result<(&'a str, Digest), IndexError> {
    let parsed = line.strip_suffix('\n').and_then(|line| line.split_once(' '));
    let parsed = parsed.and_then(|(covered, digest)| Some((covered, digest.parse().ok()?)));
    match parsed {
        Some((covered, digest)) if layout::is_path(covered) && layout::is_covered(covered) => Ok((covered, digest)),
        _ => Err(IndexError::malformed(path, "lines of a path and its digest", format!("{line:?}"))),
    }
}
