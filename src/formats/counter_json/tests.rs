#[test]
fn explore() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/counter/");
    for line in std::fs::read_to_string(format!("{root}samples/INDEX.tsv")).unwrap().lines() {
        let c: Vec<_> = line.split('\t').collect();
        if c[1] != "json" { continue }
        let r = crate::formats::summary::summarise(std::fs::File::open(format!("{root}samples/{}", c[0])).unwrap());
        match r {
            Ok((r, s)) => println!("{} {} {} m={} like={:?} {:?} exc={:?} has={} || {}\n    {}", c[0].rsplit('/').next().unwrap(), s.records, s.sum, s.months.len(), r.looks_like, r.header.report, r.exceptions.iter().map(|e| e.code).collect::<Vec<_>>(), r.has_items, c[9].chars().take(160).collect::<String>(), r.notes.iter().map(|n| n.to_string()).collect::<Vec<_>>().join("\n    ")),
            Err(e) => println!("{} ERR {e} || {}", c[0].rsplit('/').next().unwrap(), c[9]),
        }
    }
}
