//! What else a vendor can be asked: its status, its reports, its members.

use secrecy::ExposeSecret as _;

use super::*;
use crate::simulator::MemberPlan;

#[tokio::test]
async fn the_status_is_asked_for_without_credentials() {
    for release in [Release::R5, Release::R51] {
        let plan = VendorPlan::new("v", release, vec![AccountPlan::new("c", 1)]);
        let simulator = Simulator::start(vec![plan], "2025-01-20".parse().unwrap()).await.unwrap();
        let ours = Ours::new();
        let reply = status(&ours.clients, &ours.info(&simulator.url("v"))).await.unwrap();
        assert_eq!((reply.status, reply.is_json, reply.entries.len()), (200, true, 1));
        assert_eq!(reply.entries[0].active, Some(true));
        assert!(reply.entries[0].description.contains("COUNTER API"));
        assert_eq!(simulator.requests("v")[0].query, "");
    }
}

#[tokio::test]
async fn the_list_of_reports_says_which_months_there_are() {
    let (ours, simulator) = (Ours::new(), vendor(Behaviour::NotReady { months_back: 1 }).await);
    let reply = reports(&ours.clients, &ours.info(&simulator.url("v"))).await.unwrap();
    let ids: Vec<&str> = reply.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["PR", "DR", "TR", "IR"]);
    let title = &reply.entries[2];
    assert_eq!((title.release, title.first, title.last), (Some(Release::R51), "2022-01".parse().ok(), "2024-11".parse().ok()));
    assert!(simulator.requests("v")[0].authorised);
}

#[tokio::test]
async fn members_of_a_consortium_are_listed_in_both_releases() {
    for release in [Release::R5, Release::R51] {
        let member = |id: &str, name: &str| MemberPlan { customer_id: id.into(), name: name.into(), ..MemberPlan::default() };
        let members = vec![member("m1", "Halden"), member("m2", "Moss")];
        let plan = VendorPlan::new("v", release, vec![AccountPlan { members, ..AccountPlan::new("c", 0) }]);
        let simulator = Simulator::start(vec![plan], "2025-01-20".parse().unwrap()).await.unwrap();
        let ours = Ours::new();
        let reply = self::members(&ours.clients, &ours.info(&simulator.url("v"))).await.unwrap();
        let listed: Vec<_> = reply.entries.iter().map(|m| (m.customer_id.as_str(), m.name.as_str())).collect();
        assert_eq!(listed, [("m1", "Halden"), ("m2", "Moss")]);
    }
}

#[tokio::test]
async fn a_members_own_requestor_is_read_and_not_shown() {
    let (_, url) = Server::start(|_| {
        Response::new(
            r#"[{"Customer_ID":"m1","Requestor_ID":"members-own-7f3a","Name":"Halden","Institution_ID":{"ISIL":["NO-2010100"]}}]"#.into(),
        )
    })
    .await;
    let ours = Ours::new();
    let reply = self::members(&ours.clients, &ours.info(&url)).await.unwrap();
    assert_eq!(reply.entries[0].requestor_id.as_ref().unwrap().expose_secret(), "members-own-7f3a");
    assert_eq!(reply.entries[0].ids[0].value, "NO-2010100");
    assert!(!format!("{:?}", reply.entries).contains("7f3a"));
}

#[tokio::test]
async fn wrong_credentials_are_an_exception_and_no_entries() {
    let (ours, simulator) = (Ours::new(), vendor(Behaviour::BadCredentials2020).await);
    let reply = self::members(&ours.clients, &ours.info(&simulator.url("v"))).await.unwrap();
    let codes: Vec<_> = reply.exceptions.iter().map(|exception| exception.code).collect();
    assert_eq!((reply.status, reply.entries.len(), codes), (401, 0, vec![2020]));
}

#[tokio::test]
async fn what_is_no_json_is_said_to_be_none() {
    let (ours, simulator) = (Ours::new(), vendor(Behaviour::Html).await);
    let reply = reports(&ours.clients, &ours.info(&simulator.url("v"))).await.unwrap();
    assert!(!reply.is_json && reply.entries.is_empty() && reply.exceptions.is_empty());
    assert!(reply.beginning.contains("log in"));
}

#[tokio::test]
async fn secrets_that_come_back_are_masked_here_too() {
    let (ours, simulator) = (Ours::new(), vendor(Behaviour::Echo).await);
    let reply = reports(&ours.clients, &ours.info(&simulator.url("v"))).await.unwrap();
    assert!(reply.beginning.contains("requestor_id=***&api_key=***"), "{}", reply.beginning);
    assert_no_secret(&format!("{reply:?}"));
}

#[tokio::test]
async fn a_silent_vendor_is_given_up_and_another_host_is_not_asked() {
    let simulator = vendors(&[("other", Behaviour::Normal), ("v", Behaviour::Silent)]).await;
    let ours = Ours::new().impatient();
    let base = simulator.url("v");
    let error = status(&ours.clients, &ours.info(&base)).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { .. }), "{error:?}");
    simulator.set_behaviour("v", Behaviour::RedirectElsewhere(simulator.url("other")));
    let error = self::members(&ours.clients, &ours.info(&base)).await.unwrap_err();
    assert!(matches!(error, FetchError::OtherHost { .. }), "{error:?}");
    assert!(simulator.requests("other").is_empty());
    assert_no_secret(&format!("{error} {error:?}"));
}
