//! What the members of a room have heard in a round, and whether it is one story.
//!
//! A room has one order of events, and everybody hears of those while it is there. So the lists of who was there before are
//! all beginnings of one list, those of who left before as well, and nobody hears two speakers in another order than the
//! others do.

/// What one member has heard in a round. Others are named by their place among the members.
#[derive(Clone, Default, Debug)]
pub struct View {
    /// Those that were there when it came, then those that came after it.
    pub came: Vec<usize>,
    /// How many of these were there before it.
    pub before: usize,
    pub spoke: Vec<usize>,
    /// Those that left before it.
    pub left: Vec<usize>,
}

/// The first thing that does not fit together; `None` for one story of all the `views`.
pub fn contradiction(views: &[View]) -> Option<&'static str> {
    let came = views.iter().map(|view| (&view.came[..], view.before));
    let left = views.iter().map(|view| (&view.left[..], view.left.len()));
    if !one_order(came, true) {
        return Some("members differ about who is there");
    }
    if !one_order_of_speakers(views) {
        return Some("members heard the same messages in different orders");
    }
    (!one_order(left, false)).then_some("members differ about who has left")
}

/// Whether there is an order of all in which each has its `rank` and has heard of those before it, and, if `whole`, of those
/// behind it, too.
fn one_order<'a>(heard: impl Iterator<Item = (&'a [usize], usize)> + Clone, whole: bool) -> bool {
    let count = heard.clone().count();
    let mut order = vec![usize::MAX; count];
    for (member, (_, rank)) in heard.clone().enumerate() {
        match order.get_mut(rank) {
            Some(place) if *place == usize::MAX => *place = member,
            _ => return false,
        }
    }
    heard.into_iter().all(|(heard, rank)| {
        let behind = order[rank + 1..].iter().take(if whole { count } else { 0 });
        heard.iter().eq(order[..rank].iter().chain(behind))
    })
}

/// Whether no two have heard two others in different orders. A speaker does not hear itself, so three that are compared with all
/// others are needed to compare every pair.
fn one_order_of_speakers(views: &[View]) -> bool {
    let agree = |(one, heard_by_one): (usize, &View), (other, heard_by_other): (usize, &View)| {
        let others = heard_by_one.spoke.iter().filter(|speaker| **speaker != other);
        others.eq(heard_by_other.spoke.iter().filter(|speaker| **speaker != one))
    };
    let complete = views.iter().all(|view| view.spoke.len() + 1 == views.len());
    complete && views.iter().enumerate().take(3).all(|one| views.iter().enumerate().all(|other| agree(one, other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What all hear when they come, speak and leave in these orders.
    fn story(came: &[usize], spoke: &[usize], left: &[usize]) -> Vec<View> {
        let without = |list: &[usize], member| list.iter().copied().filter(|other| *other != member).collect();
        let rank = |list: &[usize], member| list.iter().position(|other| *other == member).expect("of the room");
        (0..came.len())
            .map(|member| View {
                came: without(came, member),
                before: rank(came, member),
                spoke: without(spoke, member),
                left: left[..rank(left, member)].to_vec(),
            })
            .collect()
    }

    #[test]
    fn every_order_that_all_agree_on_is_one_story() {
        assert_eq!(contradiction(&story(&[0, 1], &[1, 0], &[0, 1])), None);
        assert_eq!(contradiction(&story(&[2, 0, 1], &[0, 2, 1], &[1, 0, 2])), None);
        assert_eq!(contradiction(&story(&[4, 2, 0, 1, 3], &[3, 1, 0, 2, 4], &[0, 1, 2, 3, 4])), None);
    }

    #[test]
    fn any_two_that_anybody_heard_the_other_way_round_contradict() {
        let orders: [&[usize]; 3] = [&[4, 2, 0, 1, 3], &[3, 1, 0, 2, 4], &[2, 4, 3, 0, 1]];
        let sound = story(orders[0], orders[1], orders[2]);
        for member in 0..5 {
            let swap = |list: fn(&mut View) -> &mut Vec<usize>| {
                let count = list(&mut sound.clone()[member]).len();
                (1..count).map(move |place| (list, place))
            };
            for (list, place) in
                swap(|view| &mut view.came).chain(swap(|view| &mut view.spoke)).chain(swap(|view| &mut view.left))
            {
                let mut views = sound.clone();
                list(&mut views[member]).swap(place - 1, place);
                assert!(contradiction(&views).is_some(), "{member} {views:?}");
            }
        }
    }

    #[test]
    fn who_is_missing_doubled_or_a_ghost_contradicts() {
        let sound = story(&[0, 1, 2], &[0, 1, 2], &[0, 1, 2]);
        let spoil: [fn(&mut [View]); 8] = [
            |views| views[2].came.truncate(1),
            |views| views[1].came[0] = 2,
            |views| views[1].before = 0,
            |views| views[0].came.push(2),
            |views| views[0].spoke.truncate(1),
            |views| views[2].spoke[0] = 1,
            |views| views[2].left.truncate(1),
            |views| views[0].left.push(1),
        ];
        for spoil in spoil {
            let mut views = sound.clone();
            spoil(&mut views);
            assert!(contradiction(&views).is_some(), "{views:?}");
        }
    }
}
