$( The logic of these files, complete: classical natural deduction for one sort of things,
   with equality. Everything that is taken for granted is an $a statement. There are those
   below, each explained, then the predicates and definitions of the theory, and the
   principles of induction and comprehension that some proof uses. All $p statements are
   proved from these.

   A judgement   |- G => A   says: whatever the variables stand for, if all formulas of the
   list G hold, then A holds. The empty list is {} , and   G , A   is G with one formula more
   at its end. $)

$c var wff ctx |- $.
$c => {} , ( ) [ ] $.
$c -> <-> /\ -. A. = $.

$v G A B C D x y $.
f-G $f ctx G $.
f-A $f wff A $.
f-B $f wff B $.
f-C $f wff C $.
f-D $f wff D $.
f-x $f var x $.
f-y $f var y $.

$( Lists of assumptions. $)
c-nil $a ctx {} $.
c-add $a ctx G , A $.

$( Formulas: if ... then, if and only if, and, not, for all, equality. There is no sign for
   existence: "some x has A and B" is written  -. A. x ( A -> -. B ) . $)
w-imp $a wff ( A -> B ) $.
w-iff $a wff ( A <-> B ) $.
w-and $a wff ( A /\ B ) $.
w-not $a wff -. A $.
w-all $a wff A. x A $.
w-equal $a wff x = y $.

$( What is assumed last holds. $)
r-hyp $a |- G , A => A $.

$( An assumption more does no harm. $)
${
  r-wk.1 $e |- G => A $.
  r-wk $a |- G , B => A $.
$}

$( What needs no assumption holds under any. $)
${
  r-up.1 $e |- {} => A $.
  r-up $a |- G => A $.
$}

$( If B holds when A is assumed, then: if A then B. $)
${
  r-ii.1 $e |- G , A => B $.
  r-ii $a |- G => ( A -> B ) $.
$}

$( If A then B, and A; so B. $)
${
  r-mp.1 $e |- G => ( A -> B ) $.
  r-mp.2 $e |- G => A $.
  r-mp $a |- G => B $.
$}

$( Both, from each; and each of both. $)
${
  r-ai.1 $e |- G => A $.
  r-ai.2 $e |- G => B $.
  r-ai $a |- G => ( A /\ B ) $.
$}
${
  r-al.1 $e |- G => ( A /\ B ) $.
  r-al $a |- G => A $.
  r-ar $a |- G => B $.
$}

$( What leads to a contradiction does not hold. $)
${
  r-ni.1 $e |- G , A => B $.
  r-ni.2 $e |- G , A => -. B $.
  r-ni $a |- G => -. A $.
$}

$( What cannot be denied holds. This rule alone is classical. $)
${
  r-raa.1 $e |- G , -. A => B $.
  r-raa.2 $e |- G , -. A => -. B $.
  r-raa $a |- G => A $.
$}

$( If A holds of x, and nothing is assumed of x, then it holds of everything. The bound
   variable gets a name of its own: the second premise says that B is A with y in the place of
   x, since both agree when x is y, while A is not about y and B is not about x. $)
${
  $d x y $.  $d x G $.  $d x B $.  $d y A $.
  r-gen.1 $e |- G => A $.
  r-gen.2 $e |- {} , x = y => ( A <-> B ) $.
  r-gen $a |- G => A. y B $.
$}

$( What holds of everything holds of y. As before, B is A with y in the place of x. $)
${
  $d x y $.  $d x B $.
  r-spec.1 $e |- G => A. x A $.
  r-spec.2 $e |- {} , x = y => ( A <-> B ) $.
  r-spec $a |- G => B $.
$}

$( Everything equals itself. Equals have the same properties: of equality itself this is said
   here, of each other predicate where it is declared. $)
r-refl $a |- G => x = x $.
${
  $v z w $.
  f-z $f var z $.
  f-w $f var w $.
  e-equal.1 $e |- G => x = z $.
  e-equal.2 $e |- G => y = w $.
  e-equal $a |- G => ( x = y <-> z = w ) $.
$}

$( Equivalents can be put for each other: every formula is equivalent to itself, and formulas
   that are made in the same way from equivalent ones are equivalent. $)
i-refl $a |- G => ( A <-> A ) $.
${
  i-not.1 $e |- G => ( A <-> B ) $.
  i-not $a |- G => ( -. A <-> -. B ) $.
$}
${
  i-two.1 $e |- G => ( A <-> B ) $.
  i-two.2 $e |- G => ( C <-> D ) $.
  i-and $a |- G => ( ( A /\ C ) <-> ( B /\ D ) ) $.
  i-imp $a |- G => ( ( A -> C ) <-> ( B -> D ) ) $.
$}
${
  $d x G $.
  i-all.1 $e |- G => ( A <-> B ) $.
  i-all $a |- G => ( A. x A <-> A. x B ) $.
$}

$( Of two equivalents, if one holds then the other. $)
${
  r-fwd.1 $e |- G => ( A <-> B ) $.
  r-fwd.2 $e |- G => A $.
  r-fwd $a |- G => B $.
$}
${
  r-bwd.1 $e |- G => ( A <-> B ) $.
  r-bwd.2 $e |- G => B $.
  r-bwd $a |- G => A $.
$}
