begin;
select plan(3);

select tests.given_tale('owner');
select tests.given_share('bot', 'owner');
select tests.given_default_bot('bot', 'owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 4, 'Once');
select tests.make_user('friend');
select tests.given_conversation('friend''s tale', 'friend');

select lives_ok($$ delete from auth.users where id = tests.id('owner') $$, 'an account can be deleted');
select is(
  (
    select array_agg(key order by key) from jsonb_each(tests.everything()) where value <> '[]'
  ), array['public.conversations', 'relay.counters', 'relay.series'], 'no row of it stays, only what was counted'
);
select is(tests.call_finish('first'), null, 'the worker that is still at it learns that there is nothing to finish');

select * from finish();
rollback;
