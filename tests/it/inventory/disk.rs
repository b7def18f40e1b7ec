//! Reading the folder: what belongs there, what is left alone, what is told.

use std::fs;
use std::path::Path;

use accolades::inventory;

use super::example;

fn copy_of_example() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in &example().files {
        inventory::write_file(folder.path(), path, text).expect("written");
    }
    folder
}

fn told(folder: &Path) -> Vec<(String, Option<String>)> {
    let mistakes = inventory::load(folder).expect_err("mistakes");
    mistakes.list().iter().map(|mistake| (mistake.message.clone(), mistake.help.clone())).collect()
}

#[test]
fn inventory_leaves_notes_and_hidden_files_alone() {
    let folder = copy_of_example();
    for name in ["NOTES.md", ".clients.swp", "clients/.atelier.toml.123", "clients/old.toml~"] {
        fs::write(folder.path().join(name), "not read").expect("written");
    }
    assert_eq!(inventory::load(folder.path()).expect("sound").content_hash, example().content_hash);
}

#[test]
fn inventory_tells_files_and_folders_that_belong_nowhere() {
    let folder = copy_of_example();
    fs::write(folder.path().join("cooperativ.toml"), "version = 1\n").expect("written");
    assert_eq!(
        told(folder.path()),
        [(
            "`cooperativ.toml` belongs nowhere in an inventory".to_owned(),
            Some("did you mean `cooperative.toml`?".to_owned())
        )]
    );
    fs::create_dir(folder.path().join("client")).expect("made");
    let folder_and_file = told(folder.path());
    assert_eq!(
        folder_and_file[0],
        ("folder `client` is unknown".to_owned(), Some("did you mean `clients`?".to_owned()))
    );
    assert_eq!(folder_and_file.len(), 2, "both at once: {folder_and_file:?}");
}

#[test]
fn inventory_tells_an_empty_and_a_missing_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let drawn = inventory::load(folder.path()).expect_err("empty").render(inventory::Drawing::Plain);
    let expected = "  × `cooperative.toml` is missing\n  help: an inventory has exactly one co-operative\n\nthe inventory has 1 mistake\n";
    assert_eq!(drawn, expected);
    let missing = told(&folder.path().join("nowhere"));
    assert!(missing[0].0.contains("nowhere` cannot be read"), "{missing:?}");
}

#[test]
fn inventory_tells_a_file_that_is_not_utf8() {
    let folder = copy_of_example();
    fs::write(folder.path().join("clients/claire-voyer.toml"), b"name = \"H\xe9l\xe8ne\"").expect("written");
    assert_eq!(told(folder.path())[0].1.as_deref(), Some("save it as UTF-8"));
    let drawn = inventory::load(folder.path()).expect_err("not UTF-8").render(inventory::Drawing::Plain);
    assert!(drawn.contains("clients/claire-voyer.toml: cannot be read: "), "{drawn}");
}

#[test]
fn inventory_a_file_that_cannot_be_read_hides_no_mistake_of_another_and_makes_none() {
    let folder = copy_of_example();
    // A client, the instance that it refers to, and the co-operative: each is referred to, and what they say is missed nowhere.
    for path in ["clients/claire-voyer.toml", "instances/ilot.toml", "cooperative.toml"] {
        let text = fs::read(folder.path().join(path)).expect("the example has it");
        fs::write(folder.path().join(path), b"\xe9").expect("written");
        assert_eq!(told(folder.path()).len(), 1, "{path}: {:?}", told(folder.path()));
        fs::write(folder.path().join(path), text).expect("written");
    }
    fs::write(folder.path().join("clients/claire-voyer.toml"), b"\xe9").expect("written");
    let path = folder.path().join("instances/valsonne.toml");
    let text = fs::read_to_string(&path).expect("the example has it").replace("vmid = 1003", "vmid = 1002");
    fs::write(&path, text).expect("written");
    fs::create_dir(folder.path().join("klients")).expect("made");
    let told: Vec<String> = told(folder.path()).into_iter().map(|(message, _)| message).collect();
    for expected in ["cannot be read: ", "folder `klients` is unknown", "vmid 1002 belongs to `ilot` and to `valsonne`"]
    {
        assert!(told.iter().any(|message| message.contains(expected)), "{expected}: {told:?}");
    }
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn inventory_a_file_name_that_is_not_utf8_is_told() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = copy_of_example();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.toml");
    fs::write(folder.path().join("clients").join(name), "version = 1\n").expect("written");
    assert_eq!(told(folder.path())[0].0, "the name of the file is not UTF-8");
}

#[test]
fn inventory_hash_tells_any_change() {
    let mut files = example().files;
    let before = inventory::content_hash(&files);
    let text = files.remove("instances/ilot.toml").expect("the file");
    files.insert("instances/ilott.toml".to_owned(), text);
    assert_ne!(inventory::content_hash(&files), before);
}
