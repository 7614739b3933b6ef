; Partial orders, with the strict order that belongs to each.
(import "properties.mpl")

(theory PartialOrder[P,≤,<]
  "A reflexive, antisymmetric and transitive relation."
  (& (on[≤,P]) (reflexive[≤,P]) (antisymmetric[≤]) (transitive[≤]) (strict-part[<,≤])))

(notation (in2[x,y,≤]) (infix "≤" 1))
(notation (in2[x,y,<]) (infix "<" 1))

(bounds (atoms 4) (variables 4) (predicate in (count 1)))
