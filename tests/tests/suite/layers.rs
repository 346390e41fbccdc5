//! The layers of the runtime, as ARCHITECTURE.md lists them: a module imports only what is below
//! it, and no files import each other, not even by way of others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{File, ItemMod, ItemUse, UseTree, Visibility};

/// A module's path within the crate.
type Module = Vec<String>;

/// All modules that are files, with what they name of others.
struct House {
    files: BTreeMap<Module, File>,
}

impl House {
    fn read(folder: &Path) -> House {
        let mut house = House { files: BTreeMap::new() };
        house.add(folder, &[]);
        house
    }

    fn add(&mut self, folder: &Path, parent: &[String]) {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let mut module = parent.to_vec();
            if path.is_dir() {
                module.push(name);
                self.add(&path, &module);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                match name.as_str() {
                    "lib" | "mod" => {}
                    "private" | "fuzz" => module.push(format!("__{name}")),
                    _ => module.push(name),
                }
                let text = fs::read_to_string(&path).unwrap();
                self.files.insert(module, syn::parse_file(&text).unwrap());
            }
        }
    }

    /// The file that a path in a module leads into, and the first name in it.
    fn resolve(&self, module: &[String], path: &[String]) -> Option<(Module, Option<String>)> {
        let mut at = module.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {}
            child => {
                at.push(child.to_owned());
                if !self.files.contains_key(&at) {
                    return None;
                }
                at.pop();
            }
        }
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "crate" | "self" => {}
                "super" => drop(at.pop()),
                child => {
                    at.push(child.to_owned());
                    if !self.files.contains_key(&at) {
                        at.pop();
                        return Some((at, Some(child.to_owned())));
                    }
                }
            }
            rest = after;
        }
        Some((at, None))
    }

    /// For each file those that it imports from, behind all re-exports.
    fn imports(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mentions: BTreeMap<_, _> = self
            .files
            .iter()
            .map(|(module, file)| {
                let mut mentions = Mentions::default();
                mentions.visit_file(file);
                (module.clone(), mentions)
            })
            .collect();
        let mut exported = BTreeMap::new();
        for (module, mentions) in &mentions {
            for path in &mentions.exported {
                if let Some(target) = self.resolve(module, path) {
                    exported.insert((module.clone(), path.last().cloned()), target);
                }
            }
        }
        let mut imports = BTreeMap::new();
        for (module, mentions) in &mentions {
            let all: &mut BTreeSet<Module> = imports.entry(module.clone()).or_default();
            for path in &mentions.imported {
                let Some(mut target) = self.resolve(module, path) else { continue };
                while let Some(behind) = exported.get(&target).filter(|it| it.0 != target.0) {
                    target = behind.clone();
                }
                all.insert(target.0);
            }
            // What is handed on from elsewhere is imported, too; from the own children it is not.
            for path in mentions.exported.iter().filter(|_| !module.is_empty()) {
                if matches!(path[0].as_str(), "crate" | "super") {
                    all.extend(self.resolve(module, path).map(|target| target.0));
                }
            }
            all.remove(module);
        }
        imports
    }
}

/// The paths that a file names, without its tests.
#[derive(Default)]
struct Mentions {
    imported: Vec<Vec<String>>,
    exported: Vec<Vec<String>>,
}

impl Visit<'_> for Mentions {
    fn visit_item_mod(&mut self, module: &ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, import: &ItemUse) {
        let list = match import.vis {
            Visibility::Inherited => &mut self.imported,
            _ => &mut self.exported,
        };
        flatten(&import.tree, &mut Vec::new(), list);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        if path.segments.len() > 1 && path.leading_colon.is_none() {
            let names = path.segments.iter().map(|part| part.ident.to_string());
            self.imported.push(names.collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &syn::Macro) {
        visit::visit_macro(self, call);
        // The tokens of a call may be anything: whatever looks like a path from here or from the
        // crate. `$crate` of a `macro_rules!` is for those who call it.
        let text = call.tokens.to_string().replace(' ', "").replace("$crate", "");
        let is_of_path = |sign: char| sign.is_alphanumeric() || sign == '_' || sign == ':';
        for path in text.split(|sign| !is_of_path(sign)) {
            if path.starts_with("crate::") || path.starts_with("super::") {
                self.imported.push(path.split("::").map(str::to_owned).collect());
            }
        }
    }
}

fn flatten(tree: &UseTree, before: &mut Vec<String>, list: &mut Vec<Vec<String>>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, list);
            before.pop();
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|tree| flatten(tree, before, list));
        }
        UseTree::Name(name) if name.ident == "self" => list.push(before.clone()),
        UseTree::Name(name) => list.push([before.as_slice(), &[name.ident.to_string()]].concat()),
        UseTree::Rename(name) => list.push([before.as_slice(), &[name.ident.to_string()]].concat()),
        UseTree::Glob(_) => list.push(before.clone()),
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The layers in ARCHITECTURE.md, the lowest first.
fn layers() -> Vec<Vec<String>> {
    let text = fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let (_, behind) = text.split_once("imports point upwards to what is listed before").unwrap();
    let (_, block) = behind.split_once("```text\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn modules_import_from_the_layers_below_alone() {
    let mut layer_of = BTreeMap::new();
    for (layer, modules) in layers().iter().enumerate() {
        for module in modules {
            layer_of.insert(module.clone(), layer);
        }
    }
    for (from, targets) in House::read(&repository().join("pasha/src")).imports() {
        for to in targets {
            let (Some(upper), Some(lower)) = (from.first(), to.first()) else { continue };
            let layers = (layer_of.get(upper), layer_of.get(lower));
            let (Some(above), Some(below)) = layers else { panic!("no layer: {upper}, {lower}") };
            let is_right = upper == lower || below < above;
            assert!(is_right, "{} imports from {}", from.join("::"), to.join("::"));
        }
    }
}

#[test]
fn no_files_import_each_other() {
    for folder in ["pasha/src", "pasha-macros/src"] {
        let mut imports = House::read(&repository().join(folder)).imports();
        imports.remove(&Vec::new());
        // What imports nothing that is left is in no circle, nor is what nothing that is left
        // imports.
        loop {
            let before = imports.len();
            let left: BTreeSet<_> = imports.keys().cloned().collect();
            imports.retain(|_, targets| !targets.is_disjoint(&left));
            let imported: BTreeSet<_> = imports.values().flatten().cloned().collect();
            imports.retain(|module, _| imported.contains(module));
            if imports.len() == before {
                break;
            }
        }
        let names: Vec<_> = imports.keys().map(|module| module.join("::")).collect();
        assert!(names.is_empty(), "{folder}: files that import each other are among {names:?}");
    }
}

/// The places of `unsafe` that ARCHITECTURE.md lists, as paths below `pasha/src`: files, and
/// folders with a `/` at the end.
fn unsafe_places() -> Vec<String> {
    let text = fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let (_, behind) = text.split_once("`unsafe` lives in these places alone").unwrap();
    let (block, _) = behind.split_once("\n- ").unwrap();
    let mut places = Vec::new();
    for place in block.split('`').skip(1).step_by(2) {
        match place.split_once('{') {
            None => places.push(place.to_owned()),
            Some((before, rest)) => {
                let (names, after) = rest.split_once('}').unwrap();
                places.extend(names.split(',').map(|name| format!("{before}{name}{after}")));
            }
        }
    }
    places
}

#[derive(Default)]
struct FindsUnsafe(bool);

impl Visit<'_> for FindsUnsafe {
    fn visit_expr_unsafe(&mut self, _block: &syn::ExprUnsafe) {
        self.0 = true;
    }

    fn visit_item_impl(&mut self, item: &syn::ItemImpl) {
        self.0 |= item.unsafety.is_some();
        visit::visit_item_impl(self, item);
    }

    fn visit_item_trait(&mut self, item: &syn::ItemTrait) {
        self.0 |= item.unsafety.is_some();
        visit::visit_item_trait(self, item);
    }

    fn visit_signature(&mut self, signature: &syn::Signature) {
        self.0 |= matches!(signature.safety, syn::Safety::Unsafe(_));
    }

    fn visit_item_mod(&mut self, module: &ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }
}

#[test]
fn unsafe_blocks_are_where_the_list_says_and_nowhere_else() {
    let (places, mut found) = (unsafe_places(), BTreeSet::new());
    for (module, file) in House::read(&repository().join("pasha/src")).files {
        let mut finds = FindsUnsafe::default();
        finds.visit_file(&file);
        if finds.0 {
            let path = module.join("/");
            let place = places.iter().find(|place| match place.strip_suffix('/') {
                Some(folder) => path == *folder || path.starts_with(*place),
                None => [format!("{path}.rs"), format!("{path}/mod.rs")].contains(place),
            });
            found.insert(place.unwrap_or_else(|| panic!("{path} is not in the list")).clone());
        }
    }
    let unused: Vec<_> = places.iter().filter(|&place| !found.contains(place)).collect();
    assert!(unused.is_empty(), "there is no `unsafe` in {unused:?}");
}

#[test]
fn comments_of_manifests_and_scripts_are_wrapped_at_a_hundred_columns() {
    let manifests = ["", "pasha", "pasha-macros", "tests", "examples"];
    let mut files = manifests.map(|folder| repository().join(folder).join("Cargo.toml")).to_vec();
    for folder in [".ci", "tests", "tests/cluster.d", "examples/slurm"] {
        for entry in fs::read_dir(repository().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && path.extension().is_none_or(|extension| extension == "sh") {
                files.push(path);
            }
        }
    }
    for path in files {
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            let is_long = line.trim_start().starts_with('#') && line.chars().count() > 100;
            assert!(!is_long, "{}:{}: {line}", path.display(), number + 1);
        }
    }
}

#[test]
fn comments_are_wrapped_at_a_hundred_columns() {
    let mut too_long = Vec::new();
    for folder in ["pasha", "pasha-macros/src", "examples", "tests/src", "tests/tests"] {
        let mut folders = vec![repository().join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(&path).unwrap();
                    for (number, line) in text.lines().enumerate() {
                        let comment = line.trim_start().strip_prefix("//");
                        let words = comment.map(|it| it.trim_start_matches(['/', '!', ' ']));
                        // Tables can't be broken.
                        let is_text = words.is_some_and(|words| !words.starts_with('|'));
                        let is_long = is_text && line.chars().count() > 100;
                        if is_long {
                            too_long.push(format!("{}:{}: {line}", path.display(), number + 1));
                        }
                    }
                }
            }
        }
    }
    assert!(too_long.is_empty(), "{}", too_long.join("\n"));
}
