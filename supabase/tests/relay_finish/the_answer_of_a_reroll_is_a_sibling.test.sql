begin;
select plan(4);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', reroll_of => 'first answer');
select tests.call_finish('first', 'better answer');

select set_eq(
  $$ select content from public.messages where parent_id = tests.id('first question') $$,
  array['first answer', 'other answer', 'better answer'], 'it hangs beside the old version'
);
select is(parent_id, tests.id('first answer'), 'what hung below the old version stays there') from public.messages
where id = tests.id('second question');
select is(tests.leaf_of('tale'), 'better answer', 'the active leaf moves to it');
select is(user_message_id, null, 'the user has said nothing') from relay.generations;

select * from finish();
rollback;
