use super::*;
use crate::language::mpl::read_mpl;
use crate::language::notation::Reading;

fn theory(name: &str) -> Theory {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../theories/");
    let read = |name: &str| std::fs::read(format!("{folder}{name}")).expect("a theory that is shipped");
    let mut loader = |import: &str| Ok(read(import));
    read_mpl(name, &read(name), &mut loader).unwrap_or_else(|report| panic!("{name}: {:?}", report.diagnostics)).0
}

#[test]
fn terms_become_atoms_whose_variables_are_bound() {
    let peano = theory("peano.mpl");
    let infix = Infix::new(&peano);
    for (text, mpl) in [
        ("x + y = y + x", "(>[x,y,v1] (in3[x,y,v1,+]) (in3[y,x,v1,+]))"),
        ("for all x, y: x + y = y + x", "(>[x,y,v1] (in3[x,y,v1,+]) (in3[y,x,v1,+]))"),
        ("∀ a b . a * b = b · a", "(>[a,b,v1] (in3[a,b,v1,*]) (in3[b,a,v1,*]))"),
        ("x + 0 = x", "(>[x,v1] (in3[x,0,v1,+]) (=[v1,x]))"),
        ("x + y = 1 → x = 1 ∨ x = 0", "(>[x,y] (in3[x,y,1,+]) (or (=[x,1]) (=[x,0])))"),
        ("1 + 1 = 2", "(>[v1,v2] (& (in3[1,1,v1,+]) (in2[0,v2,s])) (in2[v2,v1,s]))"),
        ("x ∈ N → s x ≠ 0", "(>[x,v1] (& (in[x,N]) (in2[x,v1,s])) !(=[v1,0]))"),
        (
            "(x + y) · z = x · z + y · z",
            "(>[x,y,z,v1,v2,v3,v4] (& (in3[x,y,v1,+]) (in3[v1,z,v2,*]) (in3[x,z,v3,*]) (in3[y,z,v4,*])) (in3[v3,v4,v2,+]))",
        ),
    ] {
        let read = infix.mpl(text).unwrap_or_else(|unread| panic!("{text}: {unread}"));
        assert_eq!(read, mpl, "{text}");
        assert!(infix.goal(text).is_ok(), "{text}: {:?}", infix.goal(text));
    }
    assert_eq!(
        infix.goal("(>[a,b,c] (in3[a,b,c,+]) (in3[b,a,c,+]))").map(|goal| goal.statement),
        infix.goal("a + b = b + a").map(|goal| goal.statement)
    );
}

#[test]
fn what_is_shown_is_read_again() {
    for (name, texts) in [
        ("peano.mpl", &["a + b = b + a", "a · (b + c) = a · b + a · c", "s a = s b → a = b", "a + b = 0 → b = 0"][..]),
        ("group.mpl", &["(a · b)⁻¹ = b⁻¹ · a⁻¹", "a · b = e → b = a⁻¹"]),
        ("lattice.mpl", &["a ≤ b → a ⊓ c ≤ b ⊓ c", "a ⊓ (a ⊔ b) = a", "a ≤ b ∧ b ≤ a → a = b"]),
        ("boolean-algebra.mpl", &["−(a ⊓ b) = (−a) ⊔ (−b)", "a ⊓ ⊥ = ⊥"]),
        ("natural-order.mpl", &["a < b → s a ≤ b", "a ≤ b → a + c ≤ b + c"]),
        ("powers.mpl", &["a ^ (b + c) = (a ^ b) · (a ^ c)", "(s a)! = (s a) · a!"]),
        ("lists.mpl", &["len(x ++ y) = len x + len y", "rev(x ++ y) = rev y ++ rev x", "map x = y → len x = len y"]),
        ("trees.mpl", &["mirror(node(x, y)) = node(mirror y, mirror x)"]),
        ("sets.mpl", &["a ⊆ b → a ∪ c ⊆ b ∪ c", "x ε a → x ε a ∪ b"]),
    ] {
        let theory = theory(name);
        let (infix, reading) = (Infix::new(&theory), Reading::new(&theory));
        for text in texts {
            let shown = |text: &str| {
                let goal = infix.goal(text).unwrap_or_else(|wrong| panic!("{name}: {text}: {wrong}"));
                reading.statement(&goal.statement).to_string()
            };
            let once = shown(text);
            assert_eq!(shown(&once), once, "{name}: {text}");
        }
    }
}

#[test]
fn a_text_that_is_no_statement_is_told_with_its_place_and_a_mend() {
    let peano = theory("peano.mpl");
    let infix = Infix::new(&peano);
    for (text, at, word) in [
        ("", 0, "missing"),
        ("x + y", 5, "`=` or a relation"),
        ("x + = y", 4, "a term"),
        ("x = y y", 6, "left over"),
        ("x ? y", 2, "no sign"),
        ("x = 99", 4, "up to 64"),
        ("(x = y", 6, "`)`"),
        ("x ∈ M", 4, "a set"),
    ] {
        let unread = infix.mpl(text).expect_err(text);
        assert_eq!((unread.at, unread.wrong.contains(word)), (at, true), "{text}: {unread}");
        assert!(unread.help.contains("x + y"), "{unread}");
    }
    let deep = format!("{}x{} = x", "(".repeat(3000), ")".repeat(3000));
    assert!(infix.mpl(&deep).is_err(), "too long and too deep");
    assert!(infix.mpl(&format!("{} = x", "¬".repeat(1000))).is_err());
    let lists = theory("lists.mpl");
    assert!(Infix::new(&lists).mpl("x = x").expect_err("two sets").wrong.contains("ranges over"));
}

#[test]
fn statements_are_said_in_words() {
    let peano = theory("peano.mpl");
    let infix = Infix::new(&peano);
    assert_eq!(infix.words("x + y = y + x").as_deref(), Ok("for all x and y, x plus y equals y plus x"));
    assert_eq!(
        infix.words("x + y = 0 → x = 0").as_deref(),
        Ok("for all x and y, if x plus y equals 0, then x equals 0")
    );
    assert_eq!(
        infix.words("s(x · 1) ≠ 0").as_deref(),
        Ok("for all x, the successor of (x times 1) is different from 0")
    );
}
