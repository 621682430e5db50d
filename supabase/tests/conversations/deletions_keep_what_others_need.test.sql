begin; select plan(11);
select tests.given_tale('owner');
savepoint start;

-- A deleted account takes everything along.
select tests.given_share('bot', 'owner');
select tests.given_default_bot('bot', 'owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 4, 'Once');
select tests.make_user('friend');
select tests.given_conversation('friend''s tale', 'friend');
select lives_ok($$ delete from auth.users where id = tests.id('owner') $$, 'an account can be deleted');
select is((select array_agg(key order by key) from jsonb_each(tests.everything()) where value <> '[]'
  ), array['public.conversations', 'relay.counters', 'relay.uncounted'], 'no row of it stays, only what was counted');
select is(tests.call_finish('first'), null, 'the worker that is still at it learns that there is nothing to finish');

rollback to start; -- A deleted bot leaves its story.
select tests.given_default_bot('bot', 'owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first');
select lives_ok('delete from public.bots', 'a bot can be deleted');
select results_eq('select title, bot_id from public.conversations', $$ values ('tale', tests.key(null)) $$, 'it stays');
select is(count(*), 8::bigint, 'with all that it said') from public.messages;
select is(default_bot_id, null, 'it is no default any more') from public.user_settings;

rollback to start; -- A deleted conversation leaves its generations.
select tests.call_begin('owner', 'ended', conversation => 'tale');
select tests.call_finish('ended');
select tests.call_begin('owner', 'running', conversation => 'tale');
select lives_ok($$ delete from public.conversations $$, 'a conversation can be deleted while it is answered');
select is(count(*), 0::bigint, 'its messages go with it') from public.messages;
select results_eq(
  $$ select stream_id, status, conversation_id::text, message_id::text from relay.generations order by stream_id $$,
  $$ values ('ended', 'completed', null::text, null::text), ('running', 'running', null, null) $$,
  'its generations stay and point nowhere');
select is(tests.call_cancel('owner', 'running'), '{"status": "cancelling"}', 'what runs can still be cancelled');

select * from finish(); rollback;
