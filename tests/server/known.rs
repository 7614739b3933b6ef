//! Explorations that build on a run with fewer axioms.

use serde_json::json;

use super::client::{Server, folder};

#[test]
fn an_exploration_may_build_on_a_run_of_fewer_axioms() {
    let server = Server::start(&folder("server-known"), &[]);
    let source = |more: &str| {
        format!(
            "(theory Operation[S,*] (& (>[x,y,z] (in3[x,y,z,*]) (& (in[x,S]) (in[y,S]) (in[z,S])))
               (>[x,y] (& (in[x,S]) (in[y,S])) (exists[z] (in[z,S]) (in3[x,y,z,*])))
               (>[x,y] (& (in[x,S]) (in[y,S])) (>[z,w] (& (in3[x,y,z,*]) (in3[x,y,w,*])) (=[z,w])))
               (>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*])) {more}))"
        )
    };
    let first = server.wait(&server.submit(&json!({ "kind": "explore", "source": source("") })));
    let run = first["run"].as_str().expect("a run");
    let mut more = json!({ "kind": "explore", "source": source("(>[x] (in[x,S]) (in3[x,x,x,*]))") });
    more["options"] = json!({ "known": run });
    let second = server.wait(&server.submit(&more));
    assert_eq!(second["state"], "finished");
    let page = server.get(&format!("/runs/{}/index.html", second["run"].as_str().expect("a run"))).with(200);
    assert!(page.body.contains("of Operation"), "{}", page.body);
    for (known, kind, status, word) in [
        ("12", "explore", 422, "32 digits"),
        ("00000000000000000000000000000000", "explore", 422, "there is no run"),
        (run, "prove", 400, "no effect"),
    ] {
        more["kind"] = json!(kind);
        more["options"] = json!({ "known": known });
        if kind == "prove" {
            more["goals"] = json!(["(>[x] (in[x,S]) (in[x,S]))"]);
        }
        let refused = server.post("/v1/jobs", &more).with(status);
        assert!(refused.body.contains(word), "{}", refused.body);
    }
    more["kind"] = json!("explore");
    more["options"] = json!({});
    more["goals"] = json!([]);
    more["known"] = json!([{ "name": "a.mpl", "text": "" }]);
    assert!(server.post("/v1/jobs", &more).with(400).body.contains("options.known"));
}
