; The theory of numbers.mpl with data types, and behind it the goals of numbers.goals, one a line.
(declare-datatypes ((N 0)) (((zero) (s (s-1 N)))))
(define-fun-rec plus ((x N) (y N)) N (match y ((zero x) ((s z) (s (plus x z))))))
(define-fun-rec times ((x N) (y N)) N (match y ((zero zero) ((s z) (plus (times x z) x)))))
(define-fun-rec double ((x N)) N (match x ((zero zero) ((s z) (s (s (double z)))))))
(define-fun pred ((x N)) N (match x ((zero zero) ((s z) z))))
(define-fun-rec minus ((x N) (y N)) N (match y ((zero x) ((s z) (pred (minus x z))))))
(define-fun-rec max ((x N) (y N)) N (match x ((zero y) ((s a) (match y ((zero x) ((s b) (s (max a b)))))))))
(define-fun-rec min ((x N) (y N)) N (match x ((zero zero) ((s a) (match y ((zero zero) ((s b) (s (min a b)))))))))
(define-fun-rec tri ((x N)) N (match x ((zero zero) ((s z) (plus (tri z) x)))))
; numbers-01
(assert (not (forall ((x N)) (= (plus zero x) x))))
; numbers-02
(assert (not (forall ((x N) (y N)) (= (plus (s x) y) (s (plus x y))))))
; numbers-03
(assert (not (forall ((x N) (y N)) (= (plus x y) (plus y x)))))
; numbers-04
(assert (not (forall ((x N) (y N) (z N)) (= (plus (plus x y) z) (plus x (plus y z))))))
; numbers-05
(assert (not (forall ((x N) (y N) (z N)) (= (plus x (plus y z)) (plus y (plus x z))))))
; numbers-06
(assert (not (forall ((x N) (y N) (z N)) (=> (= (plus x y) (plus x z)) (= y z)))))
; numbers-07
(assert (not (forall ((x N)) (= (times zero x) zero))))
; numbers-08
(assert (not (forall ((x N) (y N)) (= (times (s x) y) (plus (times x y) y)))))
; numbers-09
(assert (not (forall ((x N) (y N)) (= (times x y) (times y x)))))
; numbers-10
(assert (not (forall ((x N) (y N) (z N)) (= (times x (plus y z)) (plus (times x y) (times x z))))))
; numbers-11
(assert (not (forall ((x N) (y N) (z N)) (= (times (times x y) z) (times x (times y z))))))
; numbers-12
(assert (not (forall ((x N)) (= (double x) (plus x x)))))
; numbers-13
(assert (not (forall ((x N) (y N)) (= (double (plus x y)) (plus (double x) (double y))))))
; numbers-14
(assert (not (forall ((x N) (y N)) (= (double (times x y)) (times x (double y))))))
; numbers-15
(assert (not (forall ((x N) (y N)) (=> (= (double x) (double y)) (= x y)))))
; numbers-16
(assert (not (forall ((x N)) (= (minus x x) zero))))
; numbers-17
(assert (not (forall ((x N) (y N)) (= (minus (plus x y) y) x))))
; numbers-18
(assert (not (forall ((x N)) (= (minus zero x) zero))))
; numbers-19
(assert (not (forall ((x N) (y N)) (= (minus (s x) (s y)) (minus x y)))))
; numbers-20
(assert (not (forall ((x N) (y N) (z N)) (= (minus (minus x y) z) (minus x (plus y z))))))
; numbers-21
(assert (not (forall ((x N) (y N) (z N)) (= (minus (plus x y) (plus x z)) (minus y z)))))
; numbers-22
(assert (not (forall ((x N) (y N) (z N)) (= (minus (minus x y) z) (minus (minus x z) y)))))
; numbers-23
(assert (not (forall ((x N) (y N)) (= (max x y) (max y x)))))
; numbers-24
(assert (not (forall ((x N) (y N) (z N)) (= (max (max x y) z) (max x (max y z))))))
; numbers-25
(assert (not (forall ((x N)) (= (max x x) x))))
; numbers-26
(assert (not (forall ((x N) (y N)) (= (min x y) (min y x)))))
; numbers-27
(assert (not (forall ((x N) (y N) (z N)) (= (min x (min y z)) (min (min x y) z)))))
; numbers-28
(assert (not (forall ((x N) (y N)) (= (min x (plus x y)) x))))
; numbers-29
(assert (not (forall ((x N) (y N)) (= (max x (plus x y)) (plus x y)))))
; numbers-30
(assert (not (forall ((x N) (y N)) (= (min x (max x y)) x))))
; numbers-31
(assert (not (forall ((x N) (y N) (z N)) (= (plus (max x y) z) (max (plus x z) (plus y z))))))
; numbers-32
(assert (not (forall ((x N)) (= (double (tri x)) (times x (s x))))))
; numbers-33
(assert (not (forall ((x N) (y N)) (= (tri (plus x y)) (plus (plus (tri x) (tri y)) (times x y))))))
; numbers-34
(assert (not (forall ((x N) (y N)) (= (plus (min x y) (max x y)) (plus x y)))))
; numbers-35
(assert (not (forall ((x N) (y N)) (= (plus (minus x y) y) (max x y)))))
