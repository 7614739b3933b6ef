; The theory of numbers.mpl in the language of ACL2, and behind it the goals of numbers.goals, one a line.
(defun natlikep (x) (if (consp x) (and (equal (car x) nil) (natlikep (cdr x))) (equal x nil)))
(defun sz (x) (cons nil x))
(defun plus (x y) (if (consp y) (sz (plus x (cdr y))) x))
(defun times (x y) (if (consp y) (plus (times x (cdr y)) x) nil))
(defun double (x) (if (consp x) (sz (sz (double (cdr x)))) nil))
(defun pred (x) (if (consp x) (cdr x) nil))
(defun minus (x y) (if (consp y) (pred (minus x (cdr y))) x))
(defun maxi (x y) (if (consp x) (if (consp y) (sz (maxi (cdr x) (cdr y))) x) y))
(defun mini (x y) (if (consp x) (if (consp y) (sz (mini (cdr x) (cdr y))) nil) nil))
(defun tri (x) (if (consp x) (plus (tri (cdr x)) x) nil))
; numbers-01
(thm (implies (and (natlikep x)) (equal (plus nil x) x)))
; numbers-02
(thm (implies (and (natlikep x) (natlikep y)) (equal (plus (sz x) y) (sz (plus x y)))))
; numbers-03
(thm (implies (and (natlikep x) (natlikep y)) (equal (plus x y) (plus y x))))
; numbers-04
(thm (implies (and (natlikep x) (natlikep y) (natlikep z)) (equal (plus (plus x y) z) (plus x (plus y z)))))
; numbers-05
(thm (implies (and (natlikep x) (natlikep y) (natlikep z)) (equal (plus x (plus y z)) (plus y (plus x z)))))
; numbers-06
(thm (implies (and (natlikep x) (natlikep y) (natlikep z) (equal (plus x y) (plus x z))) (equal y z)))
; numbers-07
(thm (implies (and (natlikep x)) (equal (times nil x) nil)))
; numbers-08
(thm (implies (and (natlikep x) (natlikep y)) (equal (times (sz x) y) (plus (times x y) y))))
; numbers-09
(thm (implies (and (natlikep x) (natlikep y)) (equal (times x y) (times y x))))
; numbers-10
(thm (implies (and (natlikep x) (natlikep y) (natlikep z)) (equal (times x (plus y z)) (plus (times x y) (times x z)))))
; numbers-11
(thm (implies (and (natlikep x) (natlikep y) (natlikep z)) (equal (times (times x y) z) (times x (times y z)))))
; numbers-12
(thm (implies (and (natlikep x)) (equal (double x) (plus x x))))
; numbers-13
(thm (implies (and (natlikep x) (natlikep y)) (equal (double (plus x y)) (plus (double x) (double y)))))
; numbers-14
(thm (implies (and (natlikep x) (natlikep y)) (equal (double (times x y)) (times x (double y)))))
; numbers-15
(thm (implies (and (natlikep x) (natlikep y) (equal (double x) (double y))) (equal x y)))
; numbers-16
(thm (implies (and (natlikep x)) (equal (minus x x) nil)))
; numbers-17
(thm (implies (and (natlikep x) (natlikep y)) (equal (minus (plus x y) y) x)))
; numbers-18
(thm (implies (and (natlikep x)) (equal (minus nil x) nil)))
; numbers-19
(thm (implies (and (natlikep x) (natlikep y)) (equal (minus (sz x) (sz y)) (minus x y))))
; numbers-20
(thm (implies (and (natlikep x) (natlikep y) (natlikep z)) (equal (minus (minus x y) z) (minus x (plus y z)))))
; numbers-21
(thm (implies (and (natlikep x) (natlikep y) (natlikep z)) (equal (minus (plus x y) (plus x z)) (minus y z))))
; numbers-22
(thm (implies (and (natlikep x) (natlikep y) (natlikep z)) (equal (minus (minus x y) z) (minus (minus x z) y))))
; numbers-23
(thm (implies (and (natlikep x) (natlikep y)) (equal (maxi x y) (maxi y x))))
; numbers-24
(thm (implies (and (natlikep x) (natlikep y) (natlikep z)) (equal (maxi (maxi x y) z) (maxi x (maxi y z)))))
; numbers-25
(thm (implies (and (natlikep x)) (equal (maxi x x) x)))
; numbers-26
(thm (implies (and (natlikep x) (natlikep y)) (equal (mini x y) (mini y x))))
; numbers-27
(thm (implies (and (natlikep x) (natlikep y) (natlikep z)) (equal (mini x (mini y z)) (mini (mini x y) z))))
; numbers-28
(thm (implies (and (natlikep x) (natlikep y)) (equal (mini x (plus x y)) x)))
; numbers-29
(thm (implies (and (natlikep x) (natlikep y)) (equal (maxi x (plus x y)) (plus x y))))
; numbers-30
(thm (implies (and (natlikep x) (natlikep y)) (equal (mini x (maxi x y)) x)))
; numbers-31
(thm (implies (and (natlikep x) (natlikep y) (natlikep z)) (equal (plus (maxi x y) z) (maxi (plus x z) (plus y z)))))
; numbers-32
(thm (implies (and (natlikep x)) (equal (double (tri x)) (times x (sz x)))))
; numbers-33
(thm (implies (and (natlikep x) (natlikep y)) (equal (tri (plus x y)) (plus (plus (tri x) (tri y)) (times x y)))))
; numbers-34
(thm (implies (and (natlikep x) (natlikep y)) (equal (plus (mini x y) (maxi x y)) (plus x y))))
; numbers-35
(thm (implies (and (natlikep x) (natlikep y)) (equal (plus (minus x y) y) (maxi x y))))
