//! Tools: what they reply is written down, and whoever goes on with a job asks nobody again.

use std::collections::BTreeMap;

use theoremata_actors::jobs::Tool;

use super::*;

fn tool(name: &str) -> Tool {
    let property = serde_json::json!({ "type": "string", "maxLength": 3 });
    let parameters = serde_json::json!({
        "type": "object", "properties": { "q": property }, "required": ["q"], "additionalProperties": false,
    });
    let (description, command) = ("Looks it up.".to_owned(), format!("run {name}"));
    Tool { description, parameters, seconds: 1, ..Tool::new(name, command) }
}

fn asking(seed: u64, memory: Forgetting) -> Job {
    let job = parted(Program::Tasks { levels: 3, width: 2, characters: 4, memory, recall: seed.is_multiple_of(4) });
    Job { seed, tools: vec![tool("look"), tool("ask")], total_tokens: Some(1200), max_tokens: 1200, ..job }
}

#[test]
fn a_job_that_goes_on_makes_no_call_whose_reply_was_told() {
    let made = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
    let counted = made.clone();
    let toolbox: theoremata_actors::jobs::Toolbox = Arc::new(move |tool, parameters, _| {
        let mut made = counted.lock().expect("nobody panics");
        *made.entry(format!("{} {parameters}", tool.command)).or_default() += 1;
        format!("{} \"{}\"", tool.name, made.len())
    });
    // Whether a tree of random text calls a tool is chance.
    let jobs: Vec<Job> = (0..16)
        .flat_map(|seed| [Forgetting::Lists(0), Forgetting::Conclusions].map(|memory| asking(seed, memory)))
        .collect();
    let pool = Pool::start(Options { toolbox: Some(toolbox.clone()), ..options(1) }).expect("a pool");
    let ids = ask(&pool, &jobs);
    let answers = finish(&pool, &ids);
    let calling = jobs
        .into_iter()
        .zip(answers)
        .filter(|(_, (answer, _))| answer.calls > 0 && answer.outcome == Outcome::Concluded);
    let jobs: Vec<Job> = calling.map(|(job, _)| job).take(6).collect();
    drop(pool);
    let store = Arc::new(Store::in_memory());
    let kept = || Options { store: Some(store.clone()), toolbox: Some(toolbox.clone()), ..options(1) };
    let mut resumed = 0;
    for job in jobs {
        made.lock().expect("nobody panics").clear();
        let pool = Pool::start(kept()).expect("a pool");
        let id = pool.submit(job.clone()).expect("taken");
        let (expected, told) = finish(&pool, &[id]).remove(0);
        check_told(&expected, &told);
        drop(pool);
        let calls = |told: &[Arc<JobEvent>]| -> Vec<_> {
            told.iter()
                .filter_map(|told| if let EventKind::Called(call) = &told.what { Some(call.clone()) } else { None })
                .collect()
        };
        let all = calls(&told);
        assert!(made.lock().expect("nobody panics").values().all(|count| *count == 1), "the same call is made once");
        let (records, _) = store.journal(id).expect("a journal");
        for kept_records in (1..records.len()).step_by(61).chain([records.len() - 1]) {
            store.remove_journal(id).expect("removed");
            store.append(id, JournalEnd::default(), &records[..kept_records]).expect("appended");
            let before = calls(&told[..kept_records - 1]);
            // Calls that were not told are made, and reply what they replied.
            let mut left = made.lock().expect("nobody panics");
            left.retain(|made, _| before.iter().any(|call| *made == format!("run {} {}", call.tool, call.parameters)));
            left.values_mut().for_each(|count| *count = 1);
            drop(left);
            let pool = Pool::start(kept()).expect("a pool");
            assert_eq!(pool.submit(job.clone()).expect("taken"), id);
            let (answer, told) = finish(&pool, &[id]).remove(0);
            assert_eq!(lasting(&answer), lasting(&expected), "{kept_records} of {}", records.len());
            assert_eq!(calls(&told), all, "every call is told once");
            assert!(made.lock().expect("nobody panics").values().all(|count| *count == 1), "nobody is asked again");
            resumed += usize::from(!before.is_empty());
        }
    }
    assert!(resumed > 4, "{resumed}");
}

#[test]
fn calls_are_bounded_and_a_pool_without_tools_takes_none() {
    let toolbox: theoremata_actors::jobs::Toolbox = Arc::new(|_, _, _| "x".into());
    let pool = Pool::start(Options { toolbox: Some(toolbox), ..options(1) }).expect("a pool");
    let outcomes: Vec<Outcome> = (0..8)
        .map(|seed| {
            let job = Job { tool_calls: Some(0), ..asking(seed, Forgetting::Lists(1)) };
            let id = pool.submit(job).expect("taken");
            finish(&pool, &[id]).remove(0).0.outcome
        })
        .collect();
    assert!(outcomes.contains(&Outcome::Budget(Bound::Calls)), "{outcomes:?}");
    let bare = Pool::start(options(1)).expect("a pool");
    assert!(matches!(bare.submit(asking(0, Forgetting::Lists(1))), Err(Refused::NoTools)));
    assert!(bare.submit(Job { tools: vec![tool("look")], ..vote("1 + 1 =") }).is_err(), "a vote calls nothing");
}
