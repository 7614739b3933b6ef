//! KV cache policies in an engine: switched off, or with room for everything, they change no bit; otherwise they do the
//! same whatever the batch, the pages and preemption, and are reported as approximate.

#[path = "../../tests/common/induction.rs"]
mod induction;

use super::*;
use crate::{Bound, EngineError, Origin, Outcome, ReplayLog};

/// Each policy with the smallest bounds, or nearly.
const TIGHT: [&str; 7] =
    ["ladder:24,1", "scored:24", "anchors:50", "anchors:50,once", "demote:10,2", "sentences:68", "clusters:68,101"];

/// Each policy with room for everything.
const ROOMY: [&str; 6] =
    ["ladder:4096,1", "scored:4096,values", "anchors:0", "demote:100", "sentences:4096", "clusters:4096"];

fn kv(text: &str) -> Bounds {
    Bounds { kv: text.parse().expect("a policy"), ..Bounds::default() }
}

fn policy_request(policy: &str, seed: u32, prompt: usize, tokens: usize) -> Request {
    Request { bounds: kv(policy), ..request(&text(seed, prompt), Then::Generate(warm(tokens))) }
}

/// The output of a tree, with the logits of each of its tokens.
fn grown(engine: &mut Engine, request: Request) -> (Vec<Token>, Vec<Vec<f32>>) {
    let root = engine.submit(request).expect("a tree");
    engine.grow();
    assert_eq!(engine.audit(), Ok(()));
    let seen = engine.seen_logits.iter().filter(|(node, _)| *node == root).map(|(_, logits)| logits.clone());
    (engine.generated(root).to_vec(), seen.collect())
}

#[test]
fn with_room_for_all_not_one_bit_changes() {
    let plain = grown(&mut engine(256), policy_request("all", 1, 90, 70));
    for policy in ROOMY {
        let mut engine = engine(256);
        assert!(grown(&mut engine, policy_request(policy, 1, 90, 70)) == plain, "{policy}");
        assert_eq!(engine.usage().thinned, 0, "{policy}");
    }
}

#[test]
fn a_policy_that_acts_is_seen_in_the_logits_and_in_what_is_held() {
    let plain = grown(&mut engine(256), policy_request("all", 1, 90, 70));
    for policy in TIGHT {
        let mut engine = engine(256);
        let acted = grown(&mut engine, policy_request(policy, 1, 90, 70));
        assert!(acted.1 != plain.1, "{policy}");
        let thins = !policy.starts_with("demote");
        assert_eq!(engine.usage().thinned > 0, thins, "{policy}");
    }
}

#[test]
fn a_policy_does_the_same_whatever_the_rows_the_pages_and_the_room() {
    for policy in TIGHT {
        let asked = |seed| policy_request(policy, seed, 70, 50);
        let alone = grown(&mut engine(256), asked(1));
        // The first two hold less than the others, and run short later.
        let few = if policy.starts_with("ladder") || policy.starts_with("scored") { 31 } else { 40 };
        for (rows, page_tokens, pages) in [(1, 4, 256), (5, 3, 256), (64, 16, 64), (7, 4, few)] {
            let mut engine = device::engine(tiny(), Settings { rows, page_tokens, pages, ..settings(pages) });
            let roots: Vec<NodeId> = (0..3).map(|seed| engine.submit(asked(seed)).expect("a tree")).collect();
            engine.grow();
            assert_eq!(engine.audit(), Ok(()));
            let outcomes: Vec<_> = roots.iter().map(|root| engine.outcome(*root)).collect();
            assert_eq!(outcomes, [Some(&Outcome::Budget(Bound::Tokens)); 3], "{policy}, {pages} pages");
            assert_eq!(engine.generated(roots[1]), alone.0, "{policy}, {rows} rows, {pages} pages of {page_tokens}");
            assert_eq!(
                engine.usage().preempted > 0,
                pages == few,
                "{policy}: pages are short where they are meant to be"
            );
        }
    }
}

#[test]
fn a_tree_that_goes_on_from_its_record_says_the_same() {
    for policy in TIGHT {
        let whole = grown(&mut engine(256), policy_request(policy, 3, 70, 60)).0;
        let mut first = engine(256);
        let root = first.submit(policy_request(policy, 3, 70, 60)).expect("a tree");
        let mut log = ReplayLog::new();
        let mut left = 37;
        while left > 0 {
            for event in first.grow_once() {
                if let Some((node, written)) = event.written().filter(|_| left > 0) {
                    assert_eq!((node, written.origin), (root, Origin::Drawn));
                    log.push(&[], written);
                    left -= 1;
                }
            }
        }
        let mut second = engine(256);
        let root = second.submit(policy_request(policy, 3, 70, 60)).expect("a tree");
        second.resume(root, log).expect("it goes on");
        second.grow();
        assert_eq!(second.generated(root), whole, "{policy}");
    }
}

#[test]
fn branches_share_what_a_policy_left_and_a_join_says_that_it_is_approximate() {
    for policy in ["all", "ladder:24,1", "scored:24", "anchors:50", "demote:10,2", "sentences:68"] {
        let run = |settings: Settings| {
            let mut engine = device::engine(tiny(), settings);
            let prompt = text(1, 90);
            let root = engine.submit(Request { bounds: kv(policy), ..request(&prompt, Then::Hold) }).expect("a tree");
            let branches = (0..4).map(|path| drawn(&text(path, 5), ends_anywhere(40))).collect();
            let then = Then::Generate(Turn::greedy(4));
            engine.spawn(root, spawn(branches, Join::Stitch, &[4], then)).expect("branches");
            let events = engine.grow();
            assert_eq!(engine.audit(), Ok(()));
            (engine.tokens(root), last_report(&events, root), engine.usage())
        };
        let (tokens, report, usage) = run(settings(256));
        assert_eq!((tokens.len(), report.exact), (90 + 4 * 45 + 5, policy == "all"), "{policy}");
        let (again, _, short) = run(Settings { page_tokens: 16, rows: 3, ..settings(21) });
        assert_eq!(again, tokens, "{policy}, {} times pre-empted", short.preempted);
        if policy == "scored:24" || policy == "ladder:24,1" {
            // Four branches share a prompt of 24 entries, and hold at most 24 and a stretch each.
            assert!(usage.pages_peak < 23 + 4 * 24, "{policy}: {} pages", usage.pages_peak);
        }
    }
}

/// A turn that ends with the last of this many tokens.
fn ends_anywhere(tokens: usize) -> Turn {
    let given = text(9, tokens);
    Turn { given, ..warm(tokens) }
}

#[test]
fn what_is_pruned_behind_a_policy_is_computed_as_if_it_had_never_been_there() {
    for policy in TIGHT {
        let pruned = |range: std::ops::Range<usize>| {
            let mut engine = engine(256);
            let asked = Request { bounds: kv(policy), ..request(&text(1, 90), Then::Hold) };
            let root = engine.submit(asked).expect("a tree");
            engine.grow();
            engine.extend(root, &text(2, 30), Then::Hold).expect("it goes on");
            engine.grow();
            if !range.is_empty() {
                engine.prune(root, range, crate::Prune::Recompute).expect("pruned");
                engine.grow();
            }
            engine.extend(root, &[7], Then::Generate(Turn::greedy(3))).expect("it goes on");
            engine.grow();
            assert_eq!(engine.audit(), Ok(()));
            assert_eq!(engine.outcome(root), Some(&Outcome::Budget(Bound::Tokens)), "{policy}");
            engine.generated(root).to_vec()
        };
        assert_eq!(pruned(0..0).len(), 3, "{policy}");
        assert_eq!(pruned(20..40), pruned(20..40), "{policy}");
        assert_eq!(pruned(95..110).len(), 3, "{policy}");
    }
}

#[test]
fn a_policy_that_does_not_fit_the_model_is_refused_with_the_bound() {
    let refused = |policy: &str| engine(16).submit(policy_request(policy, 1, 3, 3)).expect_err("refused").to_string();
    assert!(refused("ladder:24,2").contains("the span must be a whole number from 1 to 1"));
    assert!(refused("ladder:2").contains("the capacity must be a whole number from 10 to"));
    assert!(matches!(engine(16).submit(policy_request("scored:1", 1, 3, 3)), Err(EngineError::Kv(_))));
}

/// The induction model, which repeats what followed the last token before.
fn induction(positions: usize) -> Arc<Model> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("theoremata-induction-{}-{number}", std::process::id()));
    induction::write(&folder, positions).expect("a folder");
    let model = Model::load(&folder).expect("the model");
    std::fs::remove_dir_all(&folder).expect("the folder is there");
    Arc::new(model)
}

/// A haystack with a needle of four tokens at one of ten depths: the first of them is the key.
fn hay(seed: u32, length: usize, depth: usize) -> (Vec<Token>, [Token; 4]) {
    let needle = [90, 80 + seed % 3, 83 + seed % 3, 86 + seed % 3];
    let mut tokens: Vec<Token> = (0..length as u32).map(|at| (at * at * 7 + at * 13 + seed * 29) % 80).collect();
    let at = (length - 4) * depth / 10;
    tokens[at..at + 4].copy_from_slice(&needle);
    (tokens, needle)
}

/// The share of needle tokens that are output when the key is repeated, over thirty needles.
fn found(model: &Arc<Model>, policy: &str) -> f64 {
    let (mut right, mut asked) = (0, 0);
    for seed in 0..3 {
        for depth in 0..10 {
            let (tokens, needle) = hay(seed, 240, depth);
            let settings = Settings { page_tokens: 16, rows: 64, ..settings(64) };
            let mut engine = Engine::new(model.clone(), settings);
            let asking = Request { bounds: kv(policy), ..request(&tokens, Then::Hold) };
            let root = engine.submit(asking).expect("a tree");
            engine.extend(root, &needle[..1], Then::Generate(Turn::greedy(3))).expect("a question");
            engine.grow();
            right += engine.generated(root).iter().zip(&needle[1..]).filter(|(one, other)| one == other).count();
            asked += 3;
        }
    }
    f64::from(right as u32) / f64::from(asked)
}

#[test]
fn a_needle_is_found_by_who_keeps_it() {
    let model = induction(512);
    for policy in ["all", "demote:20,4"] {
        assert_eq!(found(&model, policy), 1.0, "{policy}");
    }
    // The question sees everything, so its first token is right; clusters of keys have the next ones elsewhere.
    let clusters = found(&model, "clusters:96,101");
    assert!((0.33..0.7).contains(&clusters), "{clusters}");
    // Without sentence ends, units have sixteen tokens: three of thirty needles span two of them.
    assert!(found(&model, "sentences:96") >= 0.9);
    // Policies that evict without regard to content lose the needle at most depths.
    for policy in ["ladder:64,1", "scored:64"] {
        let share = found(&model, policy);
        assert!(share < 0.7, "{policy} finds {share}");
    }
    assert_eq!(found(&model, "scored:512"), 1.0);
}

/// A prompt with a set of premises in this layout.
fn set_prompt(layout: crate::Layout, premises: &[Vec<Token>]) -> Request {
    let (tokens, members) = crate::laid_out(&layout, &text(1, 9), premises, &text(9, 3));
    Request { members, ..request(&tokens, Then::Generate(Turn::greedy(4))) }
}

/// All permutations of some premises.
fn orders(premises: &[Vec<Token>]) -> Vec<Vec<Vec<Token>>> {
    if premises.len() < 2 {
        return vec![premises.to_vec()];
    }
    let first = |place: usize| {
        let mut rest = premises.to_vec();
        let first = rest.remove(place);
        orders(&rest).into_iter().map(move |order| [vec![first.clone()], order].concat()).collect::<Vec<_>>()
    };
    (0..premises.len()).flat_map(first).collect()
}

#[test]
fn the_order_of_a_set_changes_no_bit_and_that_of_a_text_does() {
    let premises: Vec<Vec<Token>> = [(2, 7), (3, 5), (4, 11), (5, 4)].map(|(seed, length)| text(seed, length)).into();
    let spread = |layout: crate::Layout| {
        let answers: Vec<_> =
            orders(&premises).iter().map(|order| grown(&mut engine(64), set_prompt(layout, order)).1).collect();
        assert_eq!(answers.len(), 24);
        answers
            .iter()
            .flat_map(|other| answers[0].iter().zip(other))
            .map(|(a, b)| worst_difference(a, b))
            .fold(0.0, f32::max)
    };
    assert_eq!(spread(crate::Layout::Set), 0.0);
    assert_eq!(spread(crate::Layout::Canonical), 0.0);
    assert!(spread(crate::Layout::Given) > 0.1);
}

#[test]
fn a_set_reads_as_the_definition_says_and_a_set_of_one_as_plain_text() {
    let premises = [text(2, 7), text(3, 12), text(4, 5)];
    let mut engine = engine(64);
    let (_, logits) = grown(&mut engine, set_prompt(crate::Layout::Set, &premises));
    let mut flat = super::dense::placed(&text(1, 9), 0, &[]);
    let order = crate::PremiseLayout::order(&crate::Layout::Set, &premises);
    for (path, place) in order.into_iter().enumerate() {
        flat.extend(super::dense::placed(&premises[place], 9, &[(1, path as u32)]));
    }
    flat.extend(super::dense::placed(&text(9, 3), 9 + 12, &[]));
    assert!(worst_difference(&logits[0], &super::dense::logits(&tiny(), &flat)) < 1e-4);
    let one = |layout| grown(&mut self::engine(64), set_prompt(layout, &premises[..1])).1;
    assert!(one(crate::Layout::Set) == one(crate::Layout::Given));
}

#[test]
fn a_premise_has_the_same_keys_and_values_alone_and_in_any_set_and_is_computed_once() {
    let premises: Vec<Vec<Token>> = (2..6).map(|seed| text(seed, 3 + 2 * seed as usize)).collect();
    // The keys and values of each member, by its tokens.
    let cells = |chosen: &[usize]| {
        let mut engine = engine(64);
        let chosen: Vec<Vec<Token>> = chosen.iter().map(|place| premises[*place].clone()).collect();
        let asked = Request { then: Then::Hold, ..set_prompt(crate::Layout::Set, &chosen) };
        let root = engine.submit(asked).expect("a tree");
        engine.grow();
        let segments = &engine.nodes[&root].sequence.segments;
        let members = segments.iter().filter(|segment| segment.member);
        let of = |segment: &crate::kv::segment::Segment| engine.backend.fetch(&segment.slots(4)).expect("cells");
        members.map(|segment| (segment.tokens().to_vec(), of(segment))).collect::<std::collections::BTreeMap<_, _>>()
    };
    let all = cells(&[0, 1, 2, 3]);
    assert_eq!(all.len(), 4);
    for some in [vec![0], vec![3], vec![2, 1], vec![3, 0, 1]] {
        for (tokens, found) in cells(&some) {
            assert!(all[&tokens] == found, "{some:?}");
        }
    }
    // In another set, members are found whole in the cache, including their partly filled pages.
    let mut engine = engine(64);
    grown(&mut engine, set_prompt(crate::Layout::Set, &premises[..3]));
    let before = engine.usage();
    grown(&mut engine, set_prompt(crate::Layout::Set, &premises[1..]));
    let after = engine.usage();
    let known: usize = premises[1..3].iter().map(Vec::len).sum();
    // Two full pages of four of the nine tokens of the head are in the cache.
    assert_eq!(after.cached - before.cached, (known + 8) as u64);
    assert_eq!(after.rows - before.rows, (premises[3].len() + 1 + 3 + 3) as u64);
}

#[test]
fn ranges_that_are_no_members_are_refused() {
    for members in [[3..3, 4..5], [1..2, 5..20], [2..5, 4..6], [4..6, 2..3]] {
        let members = members.to_vec();
        let asked = Request { members, ..request(&text(1, 9), Then::Hold) };
        assert!(matches!(engine(16).submit(asked), Err(EngineError::Member { .. })));
    }
}

#[test]
fn names_that_exist_are_said_each_once() {
    let names: Vec<Vec<Token>> = vec![vec![5, 6, 7], vec![5, 6], vec![9], vec![2, 3, 4, 5], vec![2, 3]];
    for seed in 0..seeds(20) {
        let ground = crate::Ground {
            prefix: text(seed, 9),
            members: Vec::new(),
            seed: u64::from(seed),
            bounds: Bounds::default(),
        };
        // Token 90 ends a name where a longer one could continue.
        let turn = Turn { stops: vec![90], ..warm(1) };
        let naming = crate::Naming::new(ground, names.clone(), 9, vec![8], turn, crate::Warming::default());
        let mut engine = engine(64);
        let running = [crate::Running::start(&mut engine, naming).expect("a program")];
        let mut running = running;
        crate::run_programs(&mut engine, &Inline, &mut running, |_, _| {}).expect("it computes");
        let [running] = running;
        let answer = running.finish(&mut engine);
        assert_eq!(answer.outcome, Outcome::Concluded, "seed {seed}");
        let mut said: Vec<Vec<Token>> = Vec::new();
        let mut left = answer.nodes[0].tokens.as_slice();
        // The output is a sequence of names: each is the longest that fits and was not output before.
        while !left.is_empty() {
            let fits = |name: &&Vec<Token>| left.starts_with(name) && !said.contains(name);
            let name = names.iter().filter(fits).max_by_key(|name| name.len()).expect("a name");
            said.push(name.clone());
            left = &left[name.len()..];
        }
        said.sort_unstable();
        let mut all = names.clone();
        all.sort_unstable();
        assert_eq!(said, all, "seed {seed}");
    }
}

#[test]
fn a_device_does_the_same_by_policies_that_look_at_no_attention_and_refuses_the_others() {
    let Some(cuda) = device::stand_in() else { return };
    let on_device = || Engine::on(tiny(), settings(64), &crate::Device::Machine(cuda.clone())).expect("a device");
    for policy in ["ladder:24,1", "scored:24"] {
        let asked = || policy_request(policy, 1, 40, 12);
        let mut processor = Engine::new(tiny(), settings(64));
        assert_eq!(grown(&mut on_device(), asked()).0, grown(&mut processor, asked()).0, "{policy}");
        assert!(processor.usage().thinned > 0);
    }
    for policy in ["anchors:50", "demote:10,2", "sentences:68", "clusters:68"] {
        let refused = on_device().submit(policy_request(policy, 1, 40, 12)).expect_err("refused").to_string();
        assert!(refused.contains(policy) && refused.contains("the processor does"), "{refused}");
    }
}
