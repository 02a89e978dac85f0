//! Which request comes next: one at a time per host, with a pause between, many hosts side by side.
//!
//! Pure but for the times that are passed in; the worker sleeps and sends.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::model::MonthOutcome;
use crate::schedule::Task;

/// How long a run waits for what is not ready.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A request to be made.
#[derive(Debug, Clone)]
pub struct Job {
    /// What.
    pub task: Task,
    /// At the source's fallback address, not its own.
    pub fallback: bool,
    /// Was one request for several months before.
    pub single: bool,
    /// When it was first sent in this run, if it was.
    pub since: Option<Instant>,
    /// How often it was sent in this run.
    pub sent: u32,
    /// At the fallback address: what the source's own said of these months.
    pub first: Vec<MonthOutcome>,
}

#[derive(Debug, Default)]
struct Host {
    ready: VecDeque<Job>,
    later: Vec<(Instant, Job)>,
    busy: usize,
    free_at: Option<Instant>,
    at_once: usize,
    pause: Duration,
}

/// The queues of all hosts.
#[derive(Debug, Default)]
pub struct Queue {
    hosts: BTreeMap<String, Host>,
    running: usize,
}

impl Queue {
    /// Puts a job at the end of its host's queue. Of several sources on one host the longest pause and the fewest at once hold.
    pub fn push(&mut self, host: &str, job: Job, pause: Duration, at_once: usize) {
        let host = self.hosts.entry(host.to_owned()).or_insert_with(|| Host { at_once, ..Host::default() });
        host.pause = host.pause.max(pause);
        host.at_once = host.at_once.min(at_once).max(1);
        host.ready.push_back(job);
    }

    /// Puts a job at the front of its host's queue.
    pub fn push_front(&mut self, host: &str, job: Job) {
        self.hosts.entry(host.to_owned()).or_default().ready.push_front(job);
    }

    /// Lets a job come again after `delay`, if the run has the patience; else gives it back.
    pub fn retry(&mut self, host: &str, job: Job, now: Instant, delay: Duration) -> Option<Job> {
        let since = job.since.unwrap_or(now);
        if now.duration_since(since) + delay > PATIENCE {
            return Some(job);
        }
        self.hosts.entry(host.to_owned()).or_default().later.push((now + delay, job));
        None
    }

    /// The next job that may be sent, with its host.
    pub fn next(&mut self, now: Instant, parallel: usize) -> Option<(String, Job)> {
        if self.running >= parallel {
            return None;
        }
        for (name, host) in &mut self.hosts {
            // What comes again goes before what was never asked for; in the order in which it is due, of equals in that of the tasks.
            host.later.sort_by(|a, b| (a.0, &a.1.task).cmp(&(b.0, &b.1.task)));
            let due = host.later.partition_point(|(at, _)| *at <= now);
            for (_, job) in host.later.drain(..due).rev() {
                host.ready.push_front(job);
            }
            if host.busy < host.at_once.max(1) && host.free_at.is_none_or(|free| free <= now) {
                let Some(mut job) = host.ready.pop_front() else { continue };
                job.since.get_or_insert(now);
                job.sent += 1;
                host.busy += 1;
                self.running += 1;
                return Some((name.clone(), job));
            }
        }
        None
    }

    /// The host is free again, after its pause.
    pub fn done(&mut self, host: &str, now: Instant) {
        self.running = self.running.saturating_sub(1);
        if let Some(host) = self.hosts.get_mut(host) {
            host.busy = host.busy.saturating_sub(1);
            let free = now + host.pause;
            host.free_at = Some(host.free_at.map_or(free, |at| at.max(free)));
        }
    }

    /// The host wants no request before `until`; gives back what cannot wait that long.
    pub fn slow_down(&mut self, host: &str, now: Instant, delay: Duration) -> Vec<Job> {
        let Some(host) = self.hosts.get_mut(host) else { return Vec::new() };
        host.free_at = Some(host.free_at.map_or(now + delay, |at| at.max(now + delay)));
        if delay <= PATIENCE {
            return Vec::new();
        }
        host.ready.drain(..).chain(host.later.drain(..).map(|(_, job)| job)).collect()
    }

    /// Takes the jobs away for which `pick` says so.
    pub fn take(&mut self, pick: impl Fn(&Job) -> bool) -> Vec<Job> {
        let mut taken = Vec::new();
        for host in self.hosts.values_mut() {
            let (out, stay): (VecDeque<Job>, VecDeque<Job>) = host.ready.drain(..).partition(&pick);
            host.ready = stay;
            taken.extend(out);
            let (out, stay): (Vec<_>, Vec<_>) = host.later.drain(..).partition(|(_, job)| pick(job));
            host.later = stay;
            taken.extend(out.into_iter().map(|(_, job)| job));
        }
        taken
    }

    /// How many jobs wait because a vendor is not ready for them, and when the first of them may be sent. The pause between requests
    /// to a host is not counted as waiting.
    #[must_use]
    pub fn put_off(&self, now: Instant) -> Option<(usize, Instant)> {
        let of_host = |host: &Host| {
            let free = host.free_at.unwrap_or(now);
            let left_alone = free > now + host.pause;
            let jobs = host.later.len() + if left_alone { host.ready.len() } else { 0 };
            let first =
                if left_alone && !host.ready.is_empty() { Some(free) } else { host.later.iter().map(|(at, _)| free.max(*at)).min() };
            first.map(|first| (jobs, first))
        };
        let hosts = self.hosts.values().filter_map(of_host);
        hosts.reduce(|(jobs, first), (more, other)| (jobs + more, first.min(other)))
    }

    /// When something may be sent that may not be sent now, if anything is left that does not wait for an answer.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        let of_host = |host: &Host| {
            if host.busy >= host.at_once.max(1) {
                return None;
            }
            let first = if host.ready.is_empty() { host.later.iter().map(|(at, _)| *at).min() } else { host.free_at };
            first.map(|first| host.free_at.map_or(first, |free| free.max(first)))
        };
        self.hosts.values().filter_map(of_host).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, Month, MonthRange, ReportId, SourceId};

    fn job(account: &str) -> Job {
        let month = Month::new(2024, 1).unwrap();
        let task = Task {
            source: SourceId::trusted("s"),
            account: AccountId::trusted(account),
            report: ReportId::trusted("PR"),
            months: MonthRange::new(month, month),
        };
        Job { task, fallback: false, single: false, since: None, sent: 0, first: Vec::new() }
    }

    fn name(next: Option<(String, Job)>) -> Option<String> {
        next.map(|(host, job)| format!("{host}:{}", job.task.account))
    }

    #[test]
    fn a_host_gets_one_request_at_a_time_and_a_pause() {
        let (mut queue, now, pause) = (Queue::default(), Instant::now(), Duration::from_secs(3));
        for account in ["a", "b"] {
            queue.push("one", job(account), pause, 1);
        }
        queue.push("two", job("c"), pause, 1);
        assert_eq!(name(queue.next(now, 30)).as_deref(), Some("one:a"));
        assert_eq!(name(queue.next(now, 30)).as_deref(), Some("two:c"));
        assert_eq!(name(queue.next(now, 30)), None);
        queue.done("one", now);
        assert_eq!(name(queue.next(now, 30)), None);
        assert_eq!(queue.wake_at(), Some(now + pause));
        assert_eq!(name(queue.next(now + pause, 30)).as_deref(), Some("one:b"));
    }

    #[test]
    fn no_more_hosts_are_asked_side_by_side_than_allowed() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.push("one", job("a"), Duration::ZERO, 1);
        queue.push("two", job("b"), Duration::ZERO, 1);
        assert!(queue.next(now, 1).is_some());
        assert!(queue.next(now, 1).is_none());
        queue.done("one", now);
        assert_eq!(name(queue.next(now, 1)).as_deref(), Some("two:b"));
    }

    #[test]
    fn what_is_not_ready_comes_again_while_there_is_patience() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.push("one", job("a"), Duration::ZERO, 1);
        let (_, first) = queue.next(now, 1).unwrap();
        queue.done("one", now);
        assert!(queue.retry("one", first, now, Duration::from_secs(10)).is_none());
        assert!(queue.next(now, 1).is_none());
        assert_eq!(queue.wake_at(), Some(now + Duration::from_secs(10)));
        let (_, again) = queue.next(now + Duration::from_secs(10), 1).unwrap();
        assert_eq!(again.sent, 2);
        assert!(queue.retry("one", again, now + Duration::from_secs(10), Duration::from_secs(21)).is_some());
    }

    #[test]
    fn what_a_vendor_puts_off_is_counted_and_what_the_pause_puts_off_is_not() {
        let (mut queue, now, pause) = (Queue::default(), Instant::now(), Duration::from_secs(3));
        for account in ["a", "b", "c"] {
            queue.push("one", job(account), pause, 1);
        }
        queue.push("two", job("d"), pause, 1);
        let (_, a) = queue.next(now, 30).unwrap();
        queue.done("one", now);
        assert_eq!(queue.put_off(now), None);
        assert!(queue.retry("one", a, now, Duration::from_secs(10)).is_none());
        assert_eq!(queue.put_off(now), Some((1, now + Duration::from_secs(10))));
        // The host wants no request at all: the others wait with it.
        queue.slow_down("one", now, Duration::from_secs(5));
        assert_eq!(queue.put_off(now), Some((3, now + Duration::from_secs(5))));
        let (_, d) = queue.next(now, 30).unwrap();
        assert!(queue.retry("two", d, now, Duration::from_secs(2)).is_none());
        assert_eq!(queue.put_off(now), Some((4, now + Duration::from_secs(2))));
    }

    #[test]
    fn a_host_that_wants_to_be_left_alone_for_long_is_left_alone() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.push("one", job("a"), Duration::ZERO, 1);
        assert_eq!(queue.slow_down("one", now, Duration::from_secs(5)).len(), 0);
        assert!(queue.next(now, 1).is_none());
        assert_eq!(queue.slow_down("one", now, Duration::from_hours(1)).len(), 1);
        assert_eq!(queue.wake_at(), None);
    }
}
