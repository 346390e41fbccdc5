//! Which blocks of items have accumulators of their own, and the tree in which these are merged.
//!
//! Both follow from the number of items and the size of the accumulators alone: whoever runs the
//! blocks, the same values are merged in the same order.

use std::ops::Range;

/// Blocks of items as the leaves of a binary tree, whose nodes are numbered level by level.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Items of a block; the last may have fewer.
    items: usize,
    len: usize,
    /// The number of the first node of each level, from the leaves to the root, and the number of
    /// all nodes.
    levels: Vec<usize>,
}

/// A node: the accumulators of `2^level` blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    level: usize,
    number: usize,
}

/// Where a node's accumulators go next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// They are the result.
    Result,
    /// There is nothing to merge them with: they are those of this node, too.
    Same(Node),
    /// They are merged with those of this node, which come first or second.
    With { sibling: Node, is_first: bool },
}

/// Small accumulators are merged in no time: so many blocks let many workers end together, and
/// take longer than their claims.
const SMALL_ACCUMULATOR: usize = 4 << 10;
/// Each item touches a large accumulator about as often as a merge does, so that blocks need many
/// items for merges not to count.
const LARGE_ACCUMULATOR: usize = 64 << 10;
/// The tree takes a few bytes for each.
const MOST_TREE_BLOCKS: usize = 1 << 20;

impl Shape {
    /// The tree of a map over so many items, with so many bytes of accumulators for a worker.
    pub(crate) fn new(len: usize, bytes: usize) -> Self {
        let (blocks, most_items) = if bytes <= SMALL_ACCUMULATOR {
            (256, 64 << 10)
        } else if bytes <= LARGE_ACCUMULATOR {
            (128, 1 << 10)
        } else {
            (32, 64)
        };
        let items = len.div_ceil(blocks).clamp(1, most_items);
        Shape::of_blocks(len, items.max(len.div_ceil(MOST_TREE_BLOCKS)))
    }

    fn of_blocks(len: usize, items: usize) -> Self {
        let (mut levels, mut count) = (vec![0], len.div_ceil(items));
        while count > 0 {
            levels.push(levels[levels.len() - 1] + count);
            count = if count == 1 { 0 } else { count.div_ceil(2) };
        }
        Shape { items, len, levels }
    }

    /// The items of a block.
    pub(crate) fn block_items(&self) -> usize {
        self.items
    }

    /// The number of blocks.
    pub(super) fn num_blocks(&self) -> usize {
        self.count(0)
    }

    /// The number of levels.
    pub(super) fn num_levels(&self) -> usize {
        self.levels.len() - 1
    }

    /// The number of nodes.
    pub(super) fn num_nodes(&self) -> usize {
        self.levels[self.num_levels()]
    }

    /// The block that ends before this index, if one does.
    pub(crate) fn block_before(&self, index: usize) -> Option<usize> {
        let ends = index > 0 && (index.is_multiple_of(self.items) || index == self.len);
        ends.then(|| (index - 1) / self.items)
    }

    /// The end of the block that this index is in.
    pub(crate) fn end_of_block(&self, index: usize) -> usize {
        (index / self.items).saturating_add(1).saturating_mul(self.items).min(self.len)
    }

    /// The items of a node's blocks.
    pub(super) fn items_of(&self, node: Node) -> Range<usize> {
        let blocks = self.blocks_of(node);
        let end = |block: usize| block.saturating_mul(self.items).min(self.len);
        end(blocks.start)..end(blocks.end)
    }

    /// The items of a block.
    pub(crate) fn items_of_block(&self, block: usize) -> Range<usize> {
        self.items_of(self.leaf(block))
    }

    /// The blocks of a node.
    pub(super) fn blocks_of(&self, node: Node) -> Range<usize> {
        let end = (node.number + 1) << node.level;
        self.first_block(node)..end.min(self.num_blocks())
    }

    /// The nodes that a node is part of.
    pub(super) fn above(&self, node: Node) -> impl Iterator<Item = Node> {
        let has_parent = |node: &Node| node.level + 1 < self.num_levels();
        let parent = move |node: &Node| has_parent(node).then(|| self.parent(*node));
        std::iter::successors(parent(&node), parent)
    }

    /// The numbers of the nodes whose accumulators count, and their places. The function says 1 +
    /// the place of a node, or 0. Of what is merged already a worker is about to free the place.
    pub(super) fn nodes_that_count(
        &self,
        place: impl Fn(usize) -> u32,
    ) -> impl Iterator<Item = (usize, u32)> {
        (0..self.num_nodes()).filter_map(move |number| {
            let is_merged =
                || self.above(self.node(number)).any(|node| place(self.index(node)) != 0);
            let place = place(number).checked_sub(1)?;
            (!is_merged()).then_some((number, place))
        })
    }

    /// For each block whether it is in one of these nodes, which are given by their numbers.
    pub(super) fn is_in(&self, nodes: impl Iterator<Item = usize>) -> Vec<bool> {
        let mut is_in = vec![false; self.num_blocks()];
        for node in nodes {
            is_in[self.blocks_of(self.node(node))].fill(true);
        }
        is_in
    }

    fn count(&self, level: usize) -> usize {
        match (self.levels.get(level), self.levels.get(level + 1)) {
            (Some(first), Some(next)) => next - first,
            _ => 0,
        }
    }

    /// The leaf of a block.
    pub(super) fn leaf(&self, block: usize) -> Node {
        Node { level: 0, number: block }
    }

    /// The first block of a node.
    pub(super) fn first_block(&self, node: Node) -> usize {
        node.number << node.level
    }

    /// The node of this number.
    pub(super) fn node(&self, index: usize) -> Node {
        let level = self.levels.partition_point(|&first| first <= index) - 1;
        Node { level, number: index - self.levels[level] }
    }

    /// The node of all blocks, unless there are none.
    pub(super) fn root(&self) -> Option<Node> {
        Some(Node { level: self.num_levels().checked_sub(1)?, number: 0 })
    }

    /// The number of a node among all.
    pub(super) fn index(&self, node: Node) -> usize {
        self.levels[node.level] + node.number
    }

    /// Where a node's accumulators go next.
    pub(super) fn next(&self, node: Node) -> Next {
        let sibling = Node { number: node.number ^ 1, ..node };
        if node.level + 1 == self.num_levels() {
            Next::Result
        } else if sibling.number >= self.count(node.level) {
            Next::Same(self.parent(node))
        } else {
            Next::With { sibling, is_first: sibling.number < node.number }
        }
    }

    /// The node that a node and its sibling make.
    pub(super) fn parent(&self, node: Node) -> Node {
        Node { level: node.level + 1, number: node.number / 2 }
    }

    /// The nodes of which a node is made, the second only if there is one; `None` for a leaf.
    pub(super) fn children(&self, node: Node) -> Option<(Node, Option<Node>)> {
        let level = node.level.checked_sub(1)?;
        let first = Node { level, number: 2 * node.number };
        let second = Node { level, number: 2 * node.number + 1 };
        Some((first, Some(second).filter(|second| second.number < self.count(level))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_all_items_and_follow_from_length_and_size_alone() {
        for len in [0, 1, 2, 63, 64, 65, 1000, 2000, 1 << 20, 10_000_000] {
            for bytes in [
                0,
                8,
                SMALL_ACCUMULATOR,
                SMALL_ACCUMULATOR + 1,
                LARGE_ACCUMULATOR,
                LARGE_ACCUMULATOR + 1,
                8 << 20,
            ] {
                let shape = Shape::new(len, bytes);
                let items = shape.block_items();
                assert_eq!(shape.num_blocks(), len.div_ceil(items));
                let (mut at, mut blocks) = (0, 0);
                while at < len {
                    at = shape.end_of_block(at);
                    assert_eq!(shape.block_before(at), Some(blocks));
                    blocks += 1;
                }
                assert_eq!((at, blocks), (len, shape.num_blocks()));
            }
        }
        assert_eq!(Shape::new(10, 8).block_before(0), None);
    }

    #[test]
    fn a_block_in_the_middle_does_not_end_at_every_index() {
        let shape = Shape::of_blocks(10, 4);
        let ends: Vec<usize> = (0..=10).filter(|&at| shape.block_before(at).is_some()).collect();
        assert_eq!(ends, [4, 8, 10]);
    }

    /// Every leaf leads to the root, and what it is merged with on the way are all other leaves,
    /// those before it as the first and those behind it as the second.
    #[test]
    fn the_way_of_each_leaf_meets_all_others_in_order() {
        for blocks in 1..40 {
            let shape = Shape::of_blocks(blocks, 1);
            for block in 0..blocks {
                let mut node = shape.leaf(block);
                let mut covered = block..block + 1;
                loop {
                    match shape.next(node) {
                        Next::Result => break,
                        Next::Same(parent) => node = parent,
                        Next::With { sibling, is_first } => {
                            let width = 1 << sibling.level;
                            let start = sibling.number * width;
                            let of_sibling = start..blocks.min(start + width);
                            match is_first {
                                true => assert_eq!(of_sibling.end, covered.start),
                                false => assert_eq!(of_sibling.start, covered.end),
                            }
                            covered = covered.start.min(of_sibling.start)
                                ..covered.end.max(of_sibling.end);
                            node = shape.parent(node);
                        }
                    }
                }
                assert_eq!(Some(node), shape.root());
                assert_eq!(covered, 0..blocks);
            }
        }
    }

    #[test]
    fn nodes_have_numbers_of_their_own() {
        let shape = Shape::of_blocks(11, 1);
        let mut numbers: Vec<usize> = (0..shape.num_levels())
            .flat_map(|level| (0..shape.count(level)).map(move |number| Node { level, number }))
            .map(|node| shape.index(node))
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..shape.num_nodes()).collect::<Vec<_>>());
        assert!((0..shape.num_nodes()).all(|number| shape.index(shape.node(number)) == number));
        assert_eq!(shape.first_block(Node { level: 2, number: 1 }), 4);
        assert_eq!(shape.children(Node { level: 1, number: 5 }), Some((shape.leaf(10), None)));
        assert_eq!(shape.children(shape.leaf(3)), None);
        let above: Vec<_> = shape.above(shape.leaf(10)).collect();
        assert_eq!(above.len(), shape.num_levels() - 1);
        assert_eq!(above.last().copied(), shape.root());
        assert_eq!(shape.blocks_of(above[1]), 8..11);
        assert_eq!(shape.above(above[3]).count(), 0);
    }
}
