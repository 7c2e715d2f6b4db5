//! What every backend owes its book. A new backend is a line in [`backends`].

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize, atomic::Ordering},
    time::Duration,
};

use meetpoint_protocol::{
    Timestamp,
    noisy::{AppId, Side},
};

use super::{
    memory::Memory,
    sqlite::{Sqlite, WhenTaken, Writing},
};
use crate::{
    config::{Secret, StorageSync},
    core::{
        book::{
            Book, From, Kept, Key, NewAnswer, NewId, NewOffer, Refusal, Role, Service, Space, all_durable,
            tests::{ROOMY, described},
        },
        chance::Chance,
    },
};

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A backend under test: opens a book, again and again on what the one before has left.
trait Backend {
    /// Whether what was kept is there when it is opened again.
    const LASTS: bool;

    fn open(&mut self, now: Timestamp) -> Arc<Book>;

    fn close(&mut self);
}

struct InMemory;

impl Backend for InMemory {
    const LASTS: bool = false;

    fn open(&mut self, now: Timestamp) -> Arc<Book> {
        Arc::new(Book::new(Arc::new(Memory), Kept::default(), ROOMY, Arc::new(Chance::from_seed(1)), now))
    }

    fn close(&mut self) {}
}

struct OnSqlite {
    path: PathBuf,
    sync: StorageSync,
    writing: Option<Writing>,
}

impl OnSqlite {
    fn new(sync: StorageSync) -> Self {
        static FILES: AtomicUsize = AtomicUsize::new(0);
        let name = format!("meetpoint-{}-{}.db", std::process::id(), FILES.fetch_add(1, Ordering::Relaxed));
        Self { path: std::env::temp_dir().join(name), sync, writing: None }
    }
}

impl Backend for OnSqlite {
    const LASTS: bool = true;

    fn open(&mut self, now: Timestamp) -> Arc<Book> {
        let file = Sqlite::open(self.path.to_str().expect("text"), self.sync, WhenTaken::Refuse).expect("a file");
        let kept = file.load().expect("readable");
        let book = Arc::new(Book::new(file.journal(), kept, ROOMY, Arc::new(Chance::from_seed(1)), now));
        self.writing = Some(file.write_for(&book).expect("a thread"));
        book
    }

    fn close(&mut self) {
        if let Some(writing) = self.writing.take() {
            writing.close();
        }
    }
}

impl Drop for OnSqlite {
    fn drop(&mut self) {
        self.close();
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{suffix}", self.path.display()));
        }
    }
}

macro_rules! backends {
    ($($name:ident)*) => {
        $(
            mod $name {
                #[tokio::test]
                async fn in_memory() {
                    super::$name(super::InMemory).await;
                }

                #[tokio::test]
                async fn on_sqlite_with_full_sync() {
                    super::$name(super::OnSqlite::new(crate::config::StorageSync::Full)).await;
                }

                #[tokio::test]
                async fn on_sqlite_with_normal_sync() {
                    super::$name(super::OnSqlite::new(crate::config::StorageSync::Normal)).await;
                }
            }
        )*
    };
}

backends! {
    everything_that_was_answered_is_there_again
    what_was_removed_replaced_or_has_expired_stays_away
    operations_that_wait_together_are_all_kept
    numbers_go_on_where_they_ended
    codes_work_once_and_rest_across_a_restart
    mail_waits_with_its_numbers_across_a_restart
    one_of_thousands_who_redeem_one_code_at_once_succeeds
}

fn key(space: Space, id: &str) -> Key<'_> {
    Key::new(space, id)
}

fn offer(space: Space, id: &str, owner: &str) -> NewOffer {
    NewOffer {
        space,
        id: NewId::Own(id.into()),
        realm: "".into(),
        owner: owner.into(),
        topics: vec!["b \" \0 ü 🎈".into(), "a".into()],
        sdp: "v=0\r\n\0 'quoted' \" \u{1b}[31m \u{202e} 🎈".into(),
        secret: None,
        info: Some(String::new().as_str().into()),
        service: None,
        ttl: Duration::from_secs(60),
    }
}

/// All that a book tells, when it is opened again.
async fn told_again(backend: &mut impl Backend, book: Arc<Book>, now: Timestamp) -> (Vec<String>, Arc<Book>) {
    backend.close();
    drop(book);
    let book = backend.open(now);
    (told(&book, now), book)
}

fn told(book: &Book, now: Timestamp) -> Vec<String> {
    let mut told: Vec<_> = book.snapshot(now).iter().map(|offer| described(offer)).collect();
    told.sort_unstable();
    for name in ["ann", "bob"] {
        told.push(format!("{:?}", book.name(now, name)));
    }
    told
}

async fn everything_that_was_answered_is_there_again(mut backend: impl Backend) {
    let book = backend.open(START);
    let service = Arc::new(Service { id: "id".into(), fqn: "chat:1.0.0@ann".into() });
    for space in Space::ALL {
        let new = NewOffer {
            secret: Some(Secret::new("s")),
            service: (space == Space::Services).then(|| service.clone()),
            ..offer(space, "o", "ann")
        };
        book.publish(START, vec![new, offer(space, "free", "ann")]).expect("room").durable().await.expect("kept");
        let from = || if space == Space::Sessions { From::Side(Role::Offerer) } else { From::Party("ann") };
        let json = vec![r#"{"candidate":"a \u0000"}"#.into(), "null".into()];
        book.trickle(START, key(space, "o"), from(), json).expect("hers").durable().await.expect("kept");
        let matched = (space == Space::Tags).then(|| vec!["a".into()]);
        let answer = NewAnswer { by: "bob", sdp: "an answer", secret: Some("s"), matched };
        book.answer(START, key(space, "o"), answer).expect("free").durable().await.expect("kept");
        let from = || if space == Space::Sessions { From::Side(Role::Answerer) } else { From::Party("bob") };
        book.trickle(START, key(space, "o"), from(), vec!["1".into()]).expect("his").durable().await.expect("kept");
    }
    book.claim(START, "ann", "key of ann").expect("free").durable().await.expect("kept");
    book.spend(START, [7; 16], START.plus(Duration::from_secs(60)), true).expect("new");
    let before = told(&book, START);
    let (after, book) = told_again(&mut backend, book, START).await;
    if !lasts(&backend) {
        assert!(book.snapshot(START).is_empty());
        return;
    }
    assert_eq!(after, before);
    assert_eq!(book.newest(START, Space::Tags, "", "a", 9).len(), 1, "the indexes are there, too");
    assert!(book.spend(START, [7; 16], START, true).is_err(), "the nonce is still spent");
}

async fn what_was_removed_replaced_or_has_expired_stays_away(mut backend: impl Backend) {
    let book = backend.open(START);
    for id in ["gone", "kept", "short"] {
        let ttl = Duration::from_secs(if id == "short" { 1 } else { 60 });
        let new = NewOffer { ttl, ..offer(Space::Offers, id, "ann") };
        book.publish(START, vec![new]).expect("room").durable().await.expect("kept");
    }
    book.remove(START, Space::Offers, "gone", "ann").expect("hers").durable().await.expect("kept");
    let refreshed = NewOffer { ttl: Duration::from_secs(90), ..offer(Space::Offers, "kept", "ann") };
    book.publish(START, vec![refreshed]).expect("hers").durable().await.expect("kept");
    let later = START.plus(Duration::from_secs(2));
    while let (true, commit) = book.sweep(later).expect("ready") {
        commit.wait().await.expect("kept");
    }
    let before = told(&book, later);
    let (after, book) = told_again(&mut backend, book, later).await;
    if lasts(&backend) {
        assert_eq!(after, before);
        assert!(book.offer(START.plus(Duration::from_secs(89)), key(Space::Offers, "kept")).is_some());
    }
    assert!(book.offer(later, key(Space::Offers, "gone")).is_none());
    assert!(book.offer(later, key(Space::Offers, "short")).is_none());
}

async fn operations_that_wait_together_are_all_kept(mut backend: impl Backend) {
    let book = backend.open(START);
    let mut commits = Vec::new();
    for index in 0..500 {
        let id = index.to_string();
        commits.push(book.publish(START, vec![offer(Space::Sessions, &id, "")]).expect("room").split().1);
        let from = From::Side(Role::Offerer);
        commits.push(book.trickle(START, key(Space::Sessions, &id), from, vec!["{}".into()]).expect("live").split().1);
    }
    all_durable(commits).await.expect("kept");
    let before = told(&book, START);
    let (after, _book) = told_again(&mut backend, book, START).await;
    assert!(!lasts(&backend) || after == before);
}

async fn numbers_go_on_where_they_ended(mut backend: impl Backend) {
    let mut book = backend.open(START);
    for round in 0..3 {
        let id = round.to_string();
        book.publish(START, vec![offer(Space::Tags, &id, "ann")]).expect("room").durable().await.expect("kept");
        let trickled = book.trickle(START, key(Space::Tags, &id), From::Party("ann"), vec!["{}".into()]);
        trickled.expect("hers").durable().await.expect("kept");
        book = told_again(&mut backend, book, START).await.1;
    }
    let offers = book.snapshot(START);
    let mut numbers: Vec<_> = offers.iter().map(|offer| offer.seq).collect();
    numbers.extend(offers.iter().flat_map(|offer| &offer.candidates).map(|candidate| candidate.seq));
    let all = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), all);
    assert_eq!(all, if lasts(&backend) { 6 } else { 0 });
}

async fn codes_work_once_and_rest_across_a_restart(mut backend: impl Backend) {
    let book = backend.open(START);
    let mint = async || book.mint(START).expect("room").durable().await.expect("kept");
    let ((free, minted), (used, _), (expired, _)) = (mint().await, mint().await, mint().await);
    book.redeem(START, used).expect("live").durable().await.expect("kept");
    let (_, book) = told_again(&mut backend, book, START).await;
    if !lasts(&backend) {
        assert_eq!(book.redeem(START, free).err(), Some(Refusal::NotFound));
        return;
    }
    assert_eq!(book.redeem(START, used).err(), Some(Refusal::CodeSpent));
    assert_eq!(book.redeem(START, free).expect("live").durable().await, Ok(minted));
    let late = START.plus(ROOMY.codes.ttl);
    assert_eq!(book.redeem(late, expired).err(), Some(Refusal::CodeSpent));
    // All rest until their time is over, then leave the file.
    let rested = late.plus(ROOMY.codes.ttl);
    while let (true, commit) = book.sweep(rested).expect("ready") {
        commit.wait().await.expect("kept");
    }
    let (_, book) = told_again(&mut backend, book, START).await;
    for code in [free, used, expired] {
        assert_eq!(book.redeem(START, code).err(), Some(Refusal::NotFound));
    }
}

async fn mail_waits_with_its_numbers_across_a_restart(mut backend: impl Backend) {
    let room = |n| (AppId::from_bytes([n; 16]), Side::A);
    let mut book = backend.open(START);
    let post = async |book: &Book, to, payload: &str| {
        book.post(START, to, payload, 0).expect("room").durable().await.expect("kept")
    };
    let waiting = |book: &Book, of| -> Vec<(u64, String)> {
        let items = book.mail(START, of, 0, usize::MAX);
        items.iter().map(|item| (item.seq, item.payload.to_string())).collect()
    };
    for payload in ["\"1\"", "{\"\\u0000\":[2]}", "3"] {
        post(&book, room(1), payload).await;
    }
    post(&book, room(2), "null").await;
    book.acknowledge(START, room(1), 1).expect("ready");
    // Seen elsewhere up to 7: numbered anew.
    let (last, commit) = book.resume(START, room(2), 7).expect("ready").expect("an item");
    commit.wait().await.expect("kept");
    assert_eq!(last, 8);
    book.resume(START, room(3), 4).expect("ready");
    book = told_again(&mut backend, book, START).await.1;
    if !lasts(&backend) {
        assert_eq!(waiting(&book, room(1)), []);
        return;
    }
    assert_eq!(waiting(&book, room(1)), [(2, "{\"\\u0000\":[2]}".to_owned()), (3, "3".to_owned())]);
    assert_eq!(waiting(&book, room(2)), [(8, "null".to_owned())]);
    assert_eq!(post(&book, room(1), "4").await, 4);
    assert_eq!(post(&book, room(3), "5").await, 5);
    // What was forgotten is made anew, without what it held.
    let late = START.plus(ROOMY.mailbox_ttl * 2);
    book.post(late, room(1), "1", 0).expect("room").durable().await.expect("kept");
    while let (true, commit) = book.sweep(late).expect("ready") {
        commit.wait().await.expect("kept");
    }
    book = told_again(&mut backend, book, START).await.1;
    assert_eq!(waiting(&book, room(1)), [(1, "1".to_owned())]);
    assert_eq!(waiting(&book, room(2)), []);
}

async fn one_of_thousands_who_redeem_one_code_at_once_succeeds(mut backend: impl Backend) {
    let book = backend.open(START);
    for _ in 0..10 {
        let (code, minted) = book.mint(START).expect("room").durable().await.expect("kept");
        let won: Vec<_> = std::thread::scope(|scope| {
            let redeem = || (0..2500).filter_map(|_| book.redeem(START, code).ok()).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(redeem)).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
        });
        let [won] = <[_; 1]>::try_from(won).expect("exactly one");
        assert_eq!(won.durable().await, Ok(minted));
    }
}

fn lasts<B: Backend>(_: &B) -> bool {
    B::LASTS
}
