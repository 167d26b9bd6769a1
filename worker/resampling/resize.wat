;; Pillow's two passes over four channels at a time; `resize-scalar.ts` says the same in JavaScript.
;; All places are bytes in this memory. A pass reads `taps` pixels from each start on; what lies past the last
;; pixel meets a coefficient of 0.
(module
  (memory (export "memory") 1)

  ;; First pass: RGBA rows of `from_stride` bytes to RGBA rows of `to_stride` bytes, `columns` pixels each.
  (func (export "rows")
    (param $from i32) (param $from_stride i32) (param $count i32)
    (param $starts i32) (param $coefficients i32) (param $taps i32)
    (param $to i32) (param $to_stride i32) (param $columns i32)
    (local $column i32) (local $pixel i32) (local $coefficient i32) (local $end i32) (local $sums v128)
    (loop $each_row
      (local.set $column (i32.const 0))
      (local.set $coefficient (local.get $coefficients))
      (loop $each_column
        (local.set $sums (v128.const i32x4 2097152 2097152 2097152 2097152)) ;; one half, with 22 fractional bits
        (local.set $pixel (i32.add (local.get $from) (i32.shl
          (i32.load (i32.add (local.get $starts) (i32.shl (local.get $column) (i32.const 2)))) (i32.const 2))))
        (local.set $end (i32.add (local.get $coefficient) (i32.shl (local.get $taps) (i32.const 2))))
        (loop $each_tap
          (local.set $sums (i32x4.add (local.get $sums) (i32x4.mul
            (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $pixel))))
            (v128.load32_splat (local.get $coefficient)))))
          (local.set $pixel (i32.add (local.get $pixel) (i32.const 4)))
          (local.set $coefficient (i32.add (local.get $coefficient) (i32.const 4)))
          (br_if $each_tap (i32.lt_u (local.get $coefficient) (local.get $end))))
        (local.set $sums (i32x4.shr_s (local.get $sums) (i32.const 22)))
        (local.set $sums (i16x8.narrow_i32x4_s (local.get $sums) (local.get $sums)))
        (v128.store32_lane 0
          (i32.add (local.get $to) (i32.shl (local.get $column) (i32.const 2)))
          (i8x16.narrow_i16x8_u (local.get $sums) (local.get $sums)))
        (local.set $column (i32.add (local.get $column) (i32.const 1)))
        (br_if $each_column (i32.lt_u (local.get $column) (local.get $columns))))
      (local.set $from (i32.add (local.get $from) (local.get $from_stride)))
      (local.set $to (i32.add (local.get $to) (local.get $to_stride)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $each_row (local.get $count))))

  ;; Second pass: rows of `stride` bytes, a multiple of 16, to `count` rows of the same.
  (func (export "columns")
    (param $from i32) (param $stride i32)
    (param $starts i32) (param $coefficients i32) (param $taps i32)
    (param $to i32) (param $count i32)
    (local $column i32) (local $at i32) (local $coefficient i32) (local $end i32) (local $first i32)
    (local $factor v128) (local $bytes v128) (local $low v128) (local $high v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $each_row
      (local.set $first (i32.add (local.get $from) (i32.mul (i32.load (local.get $starts)) (local.get $stride))))
      (local.set $end (i32.add (local.get $coefficients) (i32.shl (local.get $taps) (i32.const 2))))
      (local.set $column (i32.const 0))
      (loop $each_16_bytes
        (local.set $a (v128.const i32x4 2097152 2097152 2097152 2097152))
        (local.set $b (local.get $a))
        (local.set $c (local.get $a))
        (local.set $d (local.get $a))
        (local.set $at (i32.add (local.get $first) (local.get $column)))
        (local.set $coefficient (local.get $coefficients))
        (loop $each_tap
          (local.set $factor (v128.load32_splat (local.get $coefficient)))
          (local.set $bytes (v128.load (local.get $at)))
          (local.set $low (i16x8.extend_low_i8x16_u (local.get $bytes)))
          (local.set $high (i16x8.extend_high_i8x16_u (local.get $bytes)))
          (local.set $a (i32x4.add (local.get $a)
            (i32x4.mul (i32x4.extend_low_i16x8_u (local.get $low)) (local.get $factor))))
          (local.set $b (i32x4.add (local.get $b)
            (i32x4.mul (i32x4.extend_high_i16x8_u (local.get $low)) (local.get $factor))))
          (local.set $c (i32x4.add (local.get $c)
            (i32x4.mul (i32x4.extend_low_i16x8_u (local.get $high)) (local.get $factor))))
          (local.set $d (i32x4.add (local.get $d)
            (i32x4.mul (i32x4.extend_high_i16x8_u (local.get $high)) (local.get $factor))))
          (local.set $at (i32.add (local.get $at) (local.get $stride)))
          (local.set $coefficient (i32.add (local.get $coefficient) (i32.const 4)))
          (br_if $each_tap (i32.lt_u (local.get $coefficient) (local.get $end))))
        (v128.store (i32.add (local.get $to) (local.get $column))
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $a) (i32.const 22)) (i32x4.shr_s (local.get $b) (i32.const 22)))
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $c) (i32.const 22)) (i32x4.shr_s (local.get $d) (i32.const 22)))))
        (local.set $column (i32.add (local.get $column) (i32.const 16)))
        (br_if $each_16_bytes (i32.lt_u (local.get $column) (local.get $stride))))
      (local.set $starts (i32.add (local.get $starts) (i32.const 4)))
      (local.set $coefficients (local.get $end))
      (local.set $to (i32.add (local.get $to) (local.get $stride)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $each_row (local.get $count))))
)
