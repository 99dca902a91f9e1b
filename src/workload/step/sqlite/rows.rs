//! Rows as bytes: the payload that a `sqlite` step gives to the next step, and the basis of its digest.

use rusqlite::types::ValueRef;
use rusqlite::{Row, Rows};
use xxhash_rust::xxh3::xxh3_64;

/// The rows of a result.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    /// The sum of the hashes of the rows: without ORDER BY, rows come in the order of their insertion.
    pub(super) digest: u64,
}

/// Fetches every row.
pub(super) fn encode(rows: &mut Rows<'_>) -> rusqlite::Result<Encoded> {
    let mut encoded = Encoded::default();
    while let Some(row) = rows.next()? {
        let start = encoded.bytes.len();
        append(row, &mut encoded.bytes)?;
        encoded.digest = encoded.digest.wrapping_add(xxh3_64(&encoded.bytes[start..]));
    }
    Ok(encoded)
}

/// Appends the type and value of each column; variable lengths come before what they measure.
fn append(row: &Row<'_>, bytes: &mut Vec<u8>) -> rusqlite::Result<()> {
    for column in 0..row.as_ref().column_count() {
        match row.get_ref(column)? {
            ValueRef::Null => bytes.push(0),
            ValueRef::Integer(number) => tagged(bytes, 1, &number.to_le_bytes()),
            ValueRef::Real(number) => tagged(bytes, 2, &number.to_le_bytes()),
            ValueRef::Text(text) => measured(bytes, 3, text),
            ValueRef::Blob(blob) => measured(bytes, 4, blob),
        }
    }
    Ok(())
}

fn tagged(bytes: &mut Vec<u8>, tag: u8, value: &[u8]) {
    bytes.push(tag);
    bytes.extend_from_slice(value);
}

fn measured(bytes: &mut Vec<u8>, tag: u8, value: &[u8]) {
    tagged(bytes, tag, &(value.len() as u64).to_le_bytes());
    bytes.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(query: &str) -> Encoded {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let mut statement = connection.prepare(query).unwrap();
        encode(&mut statement.query([]).unwrap()).unwrap()
    }

    #[test]
    fn the_digest_does_not_depend_on_the_order_of_rows() {
        let forth = select("VALUES (1, 'a'), (2, 'b')");
        let back = select("VALUES (2, 'b'), (1, 'a')");
        assert_eq!(forth.digest, back.digest);
        assert_ne!(forth.bytes, back.bytes);
    }

    #[test]
    fn the_digest_depends_on_every_value_and_its_place() {
        let digest = |query| select(query).digest;
        assert_ne!(digest("VALUES (1, 'a')"), digest("VALUES (1, 'b')"));
        assert_ne!(digest("VALUES (1, NULL)"), digest("VALUES (NULL, 1)"));
        assert_ne!(digest("VALUES ('ab', 'c')"), digest("VALUES ('a', 'bc')"));
        assert_ne!(digest("VALUES (1.0)"), digest("VALUES (1)"));
        assert_ne!(digest("VALUES (x'61')"), digest("VALUES ('a')"));
        assert_ne!(digest("VALUES (1), (1)"), digest("VALUES (1)"));
    }

    #[test]
    fn no_rows_are_no_bytes() {
        assert_eq!(select("SELECT 1 WHERE 0"), Encoded::default());
    }
}
