//! Cutting pages out of lists.

/// A page of rows that were asked for with one more than fits: those that fit, and the place where the next page begins
/// if there is more. `place` is asked of the last one.
pub fn cut<T, P>(mut rows: Vec<T>, limit: u32, place: impl FnOnce(&T) -> P) -> (Vec<T>, Option<P>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let end = rows.last().filter(|_| more).map(place);
    (rows, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_next_page_only_when_there_is_more() {
        for (rows, limit, page, end) in [
            (vec![1, 2, 3], 2, vec![1, 2], Some(2)),
            (vec![1, 2], 2, vec![1, 2], None),
            (vec![1], 2, vec![1], None),
            (Vec::new(), 2, Vec::new(), None),
        ] {
            assert_eq!(cut(rows, limit, |row| *row), (page, end));
        }
    }
}
