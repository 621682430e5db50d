begin; select plan(11);
select tests.given_tale('owner');
savepoint start;

-- Leaves an active leaf that was moved.
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.given_active_leaf('tale', 'other question');
select tests.call_finish('first', 'They lived.');
select is(tests.leaf_of('tale'), 'other question', 'who reads another branch is not called back');
select tests.call_begin('owner', 'second', reroll_of => 'other question');
select tests.given_active_leaf('tale', null);
select tests.call_finish('second', 'They died.');
select is(tests.leaf_of('tale'), null, 'nor who left the story');
select is(count(*), 2::bigint, 'both answers are stored') from public.messages where stream_id is not null;
select tests.call_begin('owner', 'third', reroll_of => 'other question');
select tests.call_finish('third', 'They slept.');
select is(tests.leaf_of('tale'), 'They slept.', 'a leaf that was nowhere and still is moves');

rollback to start; -- Of two at once the first moves the active leaf.
select tests.call_begin('owner', stream_id, reroll_of => 'second answer') from unnest(array['a', 'b']) as stream_id;
select tests.call_finish('b', 'quick answer');
select tests.call_finish('a', 'slow answer');
select is(tests.leaf_of('tale'), 'quick answer', 'the second does not pull the reader away');
select is(count(*), 2::bigint, 'both are stored') from public.messages where stream_id is not null;
select is(array_agg(distinct parent_id), array[tests.key('second question')], 'side by side') from public.messages
  where stream_id is not null;

rollback to start; -- A regenerated answer is a sibling.
select tests.call_begin('owner', 'first', reroll_of => 'first answer');
select tests.call_finish('first', 'better answer');
select set_eq($$ select content from public.messages where parent_id = tests.key('first question') $$,
  array['first answer', 'other answer', 'better answer'], 'it is a sibling of the old version');
select is(parent_id, tests.key('first answer'), 'what hung below the old version stays there') from public.messages
  where id = tests.key('second question');
select is(tests.leaf_of('tale'), 'better answer', 'the active leaf moves to it');
select is(user_message_id, null, 'the user has said nothing') from relay.generations;

select * from finish(); rollback;
