//! Every refusal: at which tokens, and with which advice.

use super::errors;

/// Checks that a function is refused for one reason, at these tokens and with these words.
#[track_caller]
fn refused(source: &str, at: &str, words: &str) {
    refused_with("", source, at, words);
}

#[track_caller]
fn refused_with(args: &str, source: &str, at: &str, words: &str) {
    let errors = errors(args, source);
    let [(place, message)] = errors.as_slice() else {
        panic!("one error expected, found {errors:#?}");
    };
    assert_eq!(place, at, "{message}");
    assert!(message.contains(words), "`{words}` expected in: {message}");
}

macro_rules! refusals {
    ($($name:ident: $source:expr, $at:expr, $words:expr;)+) => {$(
        #[test]
        fn $name() {
            refused($source, $at, $words);
        }
    )+};
}

refusals! {
    // The function as a whole.
    async_fn: "async fn k(v: f64) {}", "async", "remove `async`";
    unsafe_fn: "unsafe fn k(v: f64) {}", "unsafe", "in an `unsafe { … }` block";
    variadic: "extern \"C\" fn k(v: f64, ...) {}", "...", "as `#[shared] values: &[f64]`";
    two_attributes: "#[pasha::kernel] fn k(v: f64) -> f64 { v }", "#[pasha::kernel]", "remove one of the two";
    pushed_without_the_word: "fn k(v: f64, #[output] o: &mut Ragged<f64>) {}", "Ragged<f64>", "`#[output(ragged)]`";
    accumulated_pushed: "fn k(v: f64, #[reduce(sum)] o: &mut Ragged<f64>) {}", "Ragged<f64>", "`#[output(ragged)]`";
    shape_without_end: "fn k(v: f64, #[output(shape = 3 +)] o: ArrayViewMut1<f64>) {}", ")", "expected an expression";
    shape_of_more_axes: "fn k(v: f64, #[output(shape = (2, 3))] o: ArrayViewMut1<f64>) {}", "(2, 3)", "take an `ArrayViewMut2`";
    receiver: "fn k(&self, v: f64) {}", "self", "write a free function";
    self_type: "fn k(v: &Self) {}", "Self", "move it out of the `impl` block";
    no_body: "fn k(v: f64);", ";", "a function with a body";
    on_a_struct: "pub struct S { v: f64 }", "struct", "put it on a free `fn`";
    on_an_impl: "impl S { fn f(&self) {} }", "impl", "put it on a free `fn`";
    no_item: "fn k(#[shared] v: f64) {}", "k", "a parameter without a role";
    only_an_index: "fn k(#[index] i: usize) {}", "#[index]", "map over `0..n`";
    cow_item: "fn k(v: Cow<'_, str>) -> usize { v.len() }", "Cow<'_, str>", "take a reference, such as `&str`";
    tuple_with_a_reference: "fn k(v: (f64, &str)) -> f64 { v.0 }", "(f64, &str)", "each part as an item of its own";
    option_of_a_reference: "fn k(v: Option<&f64>) -> f64 { 1.0 }", "Option<&f64>", "`pasha::masked(&source, &mask)`";
    wild_item: "fn k(_: f64) {}", "_", "e.g. `_value`";
    tuple_item: "fn k((a, b): (f64, f64)) {}", "(a, b)", "with `let` in the body";
    struct_shared: "fn k(v: f64, #[shared] P { x }: P) {}", "P { x }", "an argument";
    wild_output: "fn k(v: f64, #[output] _: &mut f64) {}", "_", "a field of the outputs";
    target_feature: "#[target_feature(enable = \"avx2\")] fn k(v: f64) {}", "#[target_feature(enable = \"avx2\")]", "a function of its own";
    target_feature_by_configuration: "#[cfg_attr(x, target_feature(enable = \"avx2\"))] fn k(v: f64) {}", "#[cfg_attr(x, target_feature(enable = \"avx2\"))]", "a function of its own";
    default_of_a_type: "fn k<T = f64>(v: T) {}", "f64", "remove it";
    two_of_a_name: "fn k(v: f64, #[shared] v: f64) {}", "v", "another name";
    raw_and_plain_name: "fn k(gen: f64, #[shared] r#gen: f64) {}", "r#gen", "another name";
    view_without_element: "fn k(v: ArrayView2) {}", "ArrayView2", "`ArrayView2<f64>`";
    view_without_axes: "fn k(v: ArrayView<u16>) {}", "ArrayView<u16>", "`ArrayView<u16, Ix2>`";
    output_without_element: "fn k(v: f64, #[output(shape = 3)] o: ArrayViewMut1) {}", "ArrayViewMut1", "`ArrayViewMut1<f64>`";
    borrowed_view: "fn k(v: &ArrayView2<f64>) {}", "&ArrayView2<f64>", "write `ArrayView2<f64>`";
    array_ref_by_value: "fn k(v: ArrayRef2<f64>) {}", "ArrayRef2<f64>", "with `&`";
    shared_array_ref_by_value: "fn k(v: f64, #[shared] a: ndarray::ArrayRef<f64, Ix2>) {}", "ndarray::ArrayRef<f64, Ix2>", "with `&`";
    merge_as_text: "fn k(v: f64, #[reduce(\"sum\")] s: &mut f64) {}", "\"sum\"", "a merge is `sum`";
    merge_with_arguments: "fn k(v: f64, #[reduce(sum(3))] s: &mut f64) {}", "sum(3)", "a merge is `sum`";
    merge_as_key: "fn k(v: f64, #[reduce(sum = 3)] s: &mut f64) {}", "sum", "unknown key `sum`";
    placeholder_returned: "fn k(v: f64) -> _ { v }", "_", "write the type";
    placeholder_of_an_item: "fn k(v: &[_]) {}", "_", "write the type";
    element_that_points: "fn k(v: f64, #[output] o: &mut *const u8) {}", "*const u8", "write the value itself";
    element_of_a_trait: "fn k(v: f64, #[reduce(sum)] o: &mut Box<dyn Fn(f64)>) {}", "Box<dyn Fn(f64)>", "write the value itself";
    returned_view_without_axes: "fn k(v: f64) -> ArrayView<f64> { v }", "ArrayView<f64>", "can't borrow";
    returned_writable_view: "fn k(v: f64) -> ArrayViewMut1<f64> { v }", "ArrayViewMut1<f64>", "can't borrow";
    tuple_without_size: "fn k(v: (f64, str)) -> f64 { v.0 }", "(f64, str)", "each part as a parameter of its own";
    shared_tuple_without_size: "fn k(v: f64, #[shared] t: (u8, [f64])) -> f64 { v }", "(u8, [f64])", "each part as a parameter of its own";
    array_without_size: "fn k(v: [str; 3]) -> f64 { 1.0 }", "[str; 3]", "each part as a parameter of its own";
    element_without_size: "fn k(v: f64, #[output] o: &mut (u8, [f64])) {}", "(u8, [f64])", "a size known when compiling";
    test: "#[test] fn k(v: f64) -> f64 { v }", "#[test]", "`#[test] fn k_is_right() { … }`";
    named_as_a_primitive: "fn f64(v: u8) -> u8 { v }", "f64", "another name";
    returned_rc: "fn k(v: f64) -> Rc<f64> { v }", "Rc<f64>", "write the value itself";
    returned_static: "fn k(v: f64) -> Cow<'static, str> { v }", "'static", "can't borrow";
    output_of_references: "fn k(v: f64, #[output] o: &mut &String) {}", "&String", "can't borrow";
    pushed_references: "fn k(v: f64, #[output(ragged)] o: &mut Ragged<&str>) {}", "&str", "can't borrow";
    cfg_on_a_parameter: "fn k(v: f64, #[cfg(a)] w: f64) {}", "#[cfg(a)]", "on the whole function";

    // Values without a size.
    slice_by_value: "fn k(v: [f64]) {}", "[f64]", "`&[T]`";
    str_by_value: "fn k(v: str) {}", "str", "with `&`";
    dyn_by_value: "fn k(v: dyn Fn()) {}", "dyn Fn()", "`Box<dyn …>`";
    path_by_value: "fn k(v: std::path::Path) {}", "std::path::Path", "with `&`";
    shared_slice: "fn k(v: f64, #[shared] w: [f64]) {}", "[f64]", "`&[T]`";
    shared_dyn: "fn k(v: f64, #[shared] w: dyn Fn(f64)) {}", "dyn Fn(f64)", "`&(dyn Fn(f64) -> f64 + Sync)`";
    view_of_str: "fn k(v: ArrayView1<str>) {}", "str", "a plain value";
    output_str: "fn k(v: f64, #[output] o: &mut str) {}", "str", "a plain value";
    output_of_slices: "fn k(v: f64, #[output(shape = 1)] o: ArrayViewMut1<[f64]>) {}", "[f64]", "`[f64; 3]`";
    pushed_array: "fn k(v: f64, #[output(ragged)] o: ArrayViewMut1<f64>) {}", "ArrayViewMut1<f64>", "write `&mut pasha::Ragged<f64>`";
    pushed_with_a_shape: "fn k(v: f64, #[output(ragged, shape = 3)] o: &mut Ragged<f64>) {}", "shape", "has no `shape`";
    pushed_with_a_length: "fn k(v: f64, #[output(ragged = 3)] o: &mut Ragged<f64>) {}", "ragged", "write `#[output(ragged)]`";
    returned_slice: "fn k(v: f64) -> [f64] {}", "[f64]", "`#[output(ragged)]";
    returned_dyn: "fn k(v: f64) -> Result<dyn Fn(), E> {}", "dyn Fn()", "a plain value";
    scratch_str: "fn k(v: f64, #[scratch(x)] b: &mut str) {}", "str", "`String`";

    // Roles.
    unknown_role: "fn k(v: f64, #[sharde] w: f64) {}", "sharde", "did you mean `#[shared]`?";
    foreign_role: "fn k(v: f64, #[foo] w: f64) {}", "foo", "`reduce` and `scratch`";
    path_as_role: "fn k(v: f64, #[pasha::shared] w: f64) {}", "pasha::shared", "did you mean `#[shared]`?";
    two_roles: "fn k(v: f64, #[shared] #[index] w: usize) {}", "#[index]", "remove one of the two";
    no_role_for_mut: "fn k(v: f64, w: &mut f64) {}", "&mut f64", "`#[output(…)]` for a slot";
    no_role_for_view: "fn k(v: f64, w: ArrayViewMut1<f64>) {}", "ArrayViewMut1<f64>", "`#[reduce(sum, …)]`";
    shared_mut: "fn k(v: f64, #[shared] w: &mut f64) {}", "mut", "take it by `&`";
    shared_view_mut: "fn k(v: f64, #[shared] w: ArrayViewMut1<f64>) {}", "ArrayViewMut1<f64>", "take it by `&`";
    shared_with_arguments: "fn k(v: f64, #[shared(x)] w: f64) {}", "x", "write `#[shared]` alone";
    shared_with_key: "fn k(v: f64, #[shared(copied = true)] w: f64) {}", "true", "`#[shared(copied)]`";
    index_not_usize: "fn k(v: f64, #[index] i: u32) {}", "u32", "convert it in the body";
    worker_id_not_usize: "fn k(v: f64, #[worker_id] i: &usize) {}", "&usize", "`#[worker_id]` is a `usize`";
    two_indices: "fn k(v: f64, #[index] i: usize, #[index] j: usize) {}", "#[index]", "one `#[index]` already";
    two_worker_ids: "fn k(v: f64, #[worker_id] i: usize, #[worker_id] j: usize) {}", "#[worker_id]", "already";
    impl_item: "fn k(v: impl Copy) {}", "impl Copy", "`fn kernel<T: Trait>(value: T)`";

    // Expressions give values.
    break_in_shape: "fn k(v: f64, #[output(shape = break)] o: ArrayViewMut1<f64>) {}", "break", "no loop";
    continue_in_shape: "fn k(v: f64, #[output(shape = continue)] o: ArrayViewMut1<f64>) {}", "continue", "no loop";
    outer_label: "fn k(v: f64, #[output(shape = loop { break 'a 3 })] o: ArrayViewMut1<f64>) {}", "break 'a 3", "no loop";
    return_in_shape: "fn k(v: f64, #[output(shape = return 3)] o: ArrayViewMut1<f64>) {}", "return 3", "give the value itself";
    return_in_scratch: "fn k(v: f64, #[scratch(return)] b: &mut f64) {}", "return", "give the value itself";
    question_in_shape: "fn k(v: f64, #[shared] s: &str, #[output(shape = s.parse::<usize>()?)] o: ArrayViewMut1<f64>) {}", "?", "`.unwrap_or(…)`";
    question_in_ragged: "fn k(v: &str, #[output(ragged = v.parse::<usize>()?)] o: ArrayViewMut1<f64>) {}", "?", "`#[shared]`";
    question_in_macro: "fn k(v: f64, #[output(shape = vec![f()?; 1])] o: ArrayViewMut1<f64>) {}", "?", "`#[shared]`";
    await_in_fill: "fn k(v: f64, #[output(fill = f().await)] o: &mut f64) {}", "await", "before the map";
    shadowed_too_late: "fn k(v: f64, #[output(shape = { let n = v; n })] o: ArrayViewMut1<f64>) {}", "v", "is not known";
    bound_in_the_other_arm: "fn k(v: f64, #[output(shape = match 1 { v => 1, _ => v })] o: ArrayViewMut1<f64>) {}", "v", "is not known";
    captured_by_format: "fn k(v: f64, #[output(shape = format!(\"{v}\").len())] o: ArrayViewMut1<f64>) {}", "\"{v}\"", "is not known";
    captured_keyword: "fn k(r#type: f64, #[output(fill = format!(\"{type}\").len())] o: &mut usize) {}", "\"{type}\"", "is not known";
    captured_in_ragged: "fn k(v: u8, #[worker_id] w: usize, #[output(ragged = format!(\"{w}\").len())] o: ArrayViewMut1<f64>) {}", "\"{w}\"", "use items";
    captured_behind_the_condition: "fn k(v: u8, #[output(shape = { assert!(true, \"{v}\"); 1 })] o: ArrayViewMut1<f64>) {}", "\"{v}\"", "is not known";
    captured_as_width: "fn k(v: usize, #[output(shape = format!(\"{:>v$}\", 1).len())] o: ArrayViewMut1<f64>) {}", "\"{:>v$}\"", "is not known";

    // Scratch.
    scratch_by_value: "fn k(v: f64, #[scratch(Vec::new())] b: Vec<f64>) {}", "Vec<f64>", "`&mut Vec<f64>`";
    scratch_without: "fn k(v: f64, #[scratch] b: &mut Vec<f64>) {}", "#[scratch]", "`#[scratch(Vec::new())]`";
    scratch_slice: "fn k(v: f64, #[scratch(vec![0.0])] b: &mut [f64]) {}", "[f64]", "`Vec<T>`";
    scratch_dyn: "fn k(v: f64, #[scratch(x)] b: &mut dyn T) {}", "dyn T", "`Box<dyn …>`";
    scratch_key: "fn k(v: f64, #[scratch(1, a = 2)] b: &mut u8) {}", "a", "without a key";
    scratch_twice: "fn k(v: f64, #[scratch(1, 2)] b: &mut u8) {}", "2", "this is the second";
    scratch_of_item_shape: "fn k(frame: ArrayView2<f64>, #[scratch(vec![0.0; frame.len()])] b: &mut Vec<f64>) {}", "frame", "`buffer.resize(frame.len(), 0.0)`";
    scratch_of_captured_item: "fn k(v: f64, #[scratch(format!(\"{v}\"))] b: &mut String) {}", "\"{v}\"", "resize the buffer";
    scratch_of_item: "fn k(v: f64, #[scratch(vec![v; 2])] b: &mut Vec<f64>) {}", "v", "resize the buffer";

    // Outputs.
    output_by_value: "fn k(v: f64, #[output] o: f64) {}", "f64", "one value `&mut A`";
    output_view: "fn k(v: f64, #[output(shape = 1)] o: ArrayView1<f64>) {}", "ArrayView1<f64>", "`ArrayViewMut1<A>`";
    output_array: "fn k(v: f64, #[output] o: &mut Array2<f64>) {}", "Array2<f64>", "without `&mut`";
    output_slice: "fn k(v: f64, #[output] o: &mut [f64]) {}", "[f64]", "without `&mut`";
    no_extent: "fn k(v: f64, #[output] o: ArrayViewMut1<f64>) {}", "#[output]", "`ragged = n`";
    no_extent_per_worker: "fn k(v: f64, #[per_worker] o: ArrayViewMut1<f64>) {}", "#[per_worker]", "`like = frame`";
    shape_and_like: "fn k(v: f64, #[shared] w: &W, #[output(shape = 1, like = w)] o: ArrayViewMut1<f64>) {}", "like", "keep one";
    shape_and_ragged: "fn k(v: f64, #[output(ragged = 1, shape = 2)] o: ArrayViewMut1<f64>) {}", "shape", "keep one";
    scalar_shape: "fn k(v: f64, #[output(shape = 1)] o: &mut f64) {}", "shape", "`ArrayViewMut1<f64>`";
    scalar_order: "fn k(v: f64, #[reduce(sum, order = F)] o: &mut f64) {}", "order", "`ArrayViewMut2<f64>`";
    ragged_scalar: "fn k(v: f64, #[output(ragged = 1)] o: &mut f64) {}", "&mut f64", "write `ArrayViewMut1<A>`";
    ragged_matrix: "fn k(v: f64, #[output(ragged = 1)] o: ArrayViewMut2<f64>) {}", "ArrayViewMut2<f64>", "write `ArrayViewMut1<A>`";
    ragged_order: "fn k(v: f64, #[output(ragged = 1, order = C)] o: ArrayViewMut1<f64>) {}", "order", "remove it";
    ragged_per_worker: "fn k(v: f64, #[per_worker(shape = 1, ragged = 1)] o: ArrayViewMut1<f64>) {}", "ragged", "only an `#[output(…)]`";
    unknown_key: "fn k(v: f64, #[output(fil = 1)] o: &mut f64) {}", "fil", "did you mean `fill`?";
    unknown_key_of_an_array: "fn k(v: f64, #[output(shap = 1)] o: ArrayViewMut1<f64>) {}", "shap", "did you mean `shape`?";
    like_expression_of_an_array: "fn k(v: f64, #[reduce(sum, like = x.t())] o: ArrayViewMut2<f64>) {}", "x.t()", "`shape = EXPR`";
    shape_as_a_word: "fn k(v: f64, #[output(shape)] o: ArrayViewMut1<f64>) {}", "shape", "`key = value`";
    init_of_output: "fn k(v: f64, #[output(init = 1)] o: &mut f64) {}", "init", "is `fill = …`";
    fill_of_reduce: "fn k(v: f64, #[reduce(sum, fill = 1)] o: &mut f64) {}", "fill", "is `init = …`";
    twice_a_key: "fn k(v: f64, #[output(fill = 1, fill = 2)] o: &mut f64) {}", "fill", "given twice";
    positional: "fn k(v: f64, #[output(3)] o: &mut f64) {}", "3", "`key = value`";
    no_value: "fn k(v: f64, #[output(fill =)] o: &mut f64) {}", "=", "`fill =` needs a value";
    no_parentheses: "fn k(v: f64, #[output = 3] o: &mut f64) {}", "=", "`#[output(…)]`";
    unknown_order: "fn k(v: f64, #[output(shape = 1, order = A)] o: ArrayViewMut1<f64>) {}", "A", "`order = F`";
    like_expression: "fn k(v: f64, #[output(like = x.y)] o: &mut f64) {}", "x.y", "`shape = EXPR`";
    like_unknown: "fn k(frame: ArrayView1<u8>, #[output(like = fram)] o: ArrayViewMut1<f64>) {}", "fram", "did you mean `frame`?";
    like_value: "fn k(v: f64, #[output(like = v)] o: ArrayViewMut1<f64>) {}", "v", "has no shape";
    like_output: "fn k(v: f64, #[output(shape = 1)] a: ArrayViewMut1<f64>, #[output(like = a)] o: ArrayViewMut1<f64>) {}", "a", "still to be allocated";
    like_index: "fn k(v: f64, #[index] i: usize, #[output(like = i)] o: ArrayViewMut1<f64>) {}", "i", "is a number";
    no_merge: "fn k(v: f64, #[reduce] o: &mut f64) {}", "#[reduce]", "write `#[reduce(sum, …)]`";
    two_merges: "fn k(v: f64, #[reduce(sum, max)] o: &mut f64) {}", "max", "remove one of the two";
    odd_merge: "fn k(v: f64, #[reduce(sum, 3)] o: &mut f64) {}", "3", "the path of a function";
    custom_without_init: "fn k(v: f64, #[reduce(my::merge)] o: &mut f64) {}", "my::merge", "`init = …`";
    misspelt_merge: "fn k(v: f64, #[reduce(summ)] o: &mut f64) {}", "summ", "the built-in merges are `sum`";
    result_is_taken: "fn k(v: f64, #[output] result: &mut f64) -> f64 { v }", "result", "another name";

    // Expressions.
    shape_of_value: "fn k(n: usize, #[output(shape = (3, n))] o: ArrayViewMut2<f64>) {}", "n", "write `ragged = …`";
    shape_of_reference: "fn k(n: &V, #[output(shape = n.len())] o: ArrayViewMut1<f64>) {}", "n", "the value of `n`";
    shape_in_macro: "fn k(n: usize, #[output(shape = vec![n; 2])] o: ArrayViewMut1<f64>) {}", "n", "the value of `n`";
    shape_of_index: "fn k(v: f64, #[index] i: usize, #[output(shape = i)] o: ArrayViewMut1<f64>) {}", "i", "write `ragged = …`";
    shape_of_worker: "fn k(v: f64, #[worker_id] i: usize, #[output(shape = i)] o: ArrayViewMut1<f64>) {}", "i", "is not known";
    shape_of_scratch: "fn k(v: f64, #[scratch(1)] b: &mut u8, #[output(shape = b)] o: ArrayViewMut1<f64>) {}", "b", "is not there yet";
    fill_of_value: "fn k(v: f64, #[output(fill = v)] o: &mut f64) {}", "v", "is not known";
    init_of_output_value: "fn k(v: f64, #[output] a: &mut f64, #[reduce(sum, init = *a)] o: &mut f64) {}", "a", "the output `a`";
    ragged_of_worker: "fn k(v: f64, #[worker_id] w: usize, #[output(ragged = w)] o: ArrayViewMut1<f64>) {}", "w", "use items";
    ragged_of_output: "fn k(v: f64, #[output] a: &mut usize, #[output(ragged = *a)] o: ArrayViewMut1<f64>) {}", "a", "the output `a`";

    // Return types.
    never: "fn k(v: f64) -> ! { loop {} }", "!", "remove `-> !`";
    nested_tuple: "fn k(v: f64) -> (f64, (f64, f64)) {}", "(f64, f64)", "in one tuple";
    unit_in_tuple: "fn k(v: f64) -> (f64, ()) {}", "()", "remove the `()`";
    nested_result: "fn k(v: f64) -> Result<Result<f64, A>, B> {}", "Result<f64, A>", "return one `Result`";
    result_in_tuple: "fn k(v: f64) -> (f64, Result<f64, A>) {}", "Result<f64, A>", "around all values";
    impl_trait: "fn k(v: f64) -> impl Copy { v }", "impl Copy", "must be written out";
    reference: "fn k(v: &f64) -> &f64 { v }", "&f64", "return the value itself";
    borrowing: "fn k<'a>(v: &'a f64) -> Foo<'a> {}", "'a", "can't borrow";
    view: "fn k(v: ArrayView1<f64>) -> ArrayView1<f64> { v }", "ArrayView1<f64>", "`#[output(like = …)]`";
    long_tuple: "fn k(v: u8) -> (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8) {}",
        "(u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8)", "at most 12";
}

#[test]
fn arguments_of_the_attribute() {
    refused_with("threads = 4", "fn k(v: f64) {}", "threads", "`run_in(&ThreadContext::new(4)?");
    refused_with("stream_stores, fast", "fn k(v: f64) {}", "fast", "takes the options");
    refused_with("stream_stores, stream_stores", "fn k(v: f64) {}", "stream_stores", "here twice");
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let source = "async fn k(_: f64, #[shared] w: &mut f64, #[output(fil = 3)] o: f64) -> &str {}";
    let places: Vec<_> = errors("", source).into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["fil", "async", "_", "mut", "f64", "&str"]);
}
