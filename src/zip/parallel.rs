//! Work divided among threads, its results in the order of the work.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls `deed` on each piece of `work`, on up to `cores` threads; gives the results in the order of the work.
/// A thread that cannot be had is done without.
pub fn map<T: Sync, R: Send>(cores: usize, work: &[T], deed: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = cores.min(work.len());
    if threads <= 1 {
        return work.iter().map(deed).collect();
    }
    let next = AtomicUsize::new(0);
    let toil = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = work.get(index) else { return done };
            done.push((index, deed(piece)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads)
            .map_while(|_| std::thread::Builder::new().spawn_scoped(scope, toil).ok())
            .collect();
        let mut done = toil();
        for helper in helpers {
            done.extend(
                helper
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            );
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_work() {
        let work: Vec<u64> = (0..1000).collect();
        for cores in [0, 1, 2, 16] {
            assert_eq!(map(cores, &work, |number| *number), work, "{cores}");
        }
        assert!(map(4, &[] as &[u64], |number| *number).is_empty());
    }

    #[test]
    fn every_thread_gets_work() {
        let meeting = std::sync::Barrier::new(3);
        // Only three threads at once can pass the barrier.
        map(3, &[(); 3], |()| {
            meeting.wait();
        });
    }
}
