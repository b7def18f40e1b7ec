//! Work on many files at once: no file needs another one to be read, parsed or checked for itself.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Items that a thread takes at a time: clients' files cost several times as much as instances', and lie together.
const PIECE: usize = 50;

/// Cuts a list into pieces, works on them on all cores, and gives what came of each piece, in the order of the list.
pub fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let pieces: Vec<&[T]> = items.chunks(PIECE).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores.min(pieces.len()) < 2 {
        return pieces.into_iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take_turns = || {
        let mut done = Vec::new();
        loop {
            // Which thread takes which piece does not matter, only that each is taken once.
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(at) else { return done };
            done.push((at, work(piece)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let running: Vec<_> = (1..cores.min(pieces.len())).map(|_| scope.spawn(take_turns)).collect();
        let mut done = take_turns();
        for thread in running {
            done.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_into_pieces_comes_together_in_its_order() {
        for count in [0, 1, PIECE, PIECE + 1, 10 * PIECE + 7] {
            let items: Vec<usize> = (0..count).collect();
            let pieces = side_by_side(&items, |piece| piece.iter().map(|item| item * 2).collect::<Vec<_>>());
            assert_eq!(pieces.concat(), items.iter().map(|item| item * 2).collect::<Vec<_>>(), "{count}");
        }
    }
}
