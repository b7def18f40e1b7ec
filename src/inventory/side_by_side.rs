//! Work on many files at once: no file needs another one to be read, parsed or checked for itself.

/// Below so many items each, threads cost more than they save.
const ITEMS_PER_THREAD_MIN: usize = 100;

/// Cuts a list into parts, works on them on all cores, and gives what came of each part, in the order of the list.
pub fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(items.len() / ITEMS_PER_THREAD_MIN);
    if threads < 2 {
        return vec![work(items)];
    }
    std::thread::scope(|scope| {
        let (work, size) = (&work, items.len().div_ceil(threads));
        let running: Vec<_> = items.chunks(size).map(|part| scope.spawn(move || work(part))).collect();
        let done = running.into_iter().map(|part| part.join());
        done.map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_into_parts_comes_together_in_its_order() {
        for count in [0, 1, 99, 200, 1001] {
            let items: Vec<usize> = (0..count).collect();
            let parts = side_by_side(&items, |part| part.iter().map(|item| item * 2).collect::<Vec<_>>());
            assert_eq!(parts.concat(), items.iter().map(|item| item * 2).collect::<Vec<_>>(), "{count}");
        }
    }
}
