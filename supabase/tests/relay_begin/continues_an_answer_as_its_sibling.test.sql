begin; select plan(12);
select tests.given_tale('owner');
savepoint start;

-- What is continued is the beginning of its sibling.
create temp table before as select tests.the_story() as story;
create temp table begun as select tests.call_begin('owner', 'a', continue_of => 'first answer', fence => 'own') as answer;
select is(answer ->> 'parent_id', tests.key('first question')::text, 'the new one hangs where the old one hangs')
  from begun;
select is(answer -> 'context',
  '[{"role": "user", "content": "first question"}, {"role": "assistant", "content": "first answer"}]',
  'the old text comes last, and is the bot''s') from begun;
select is(answer ->> 'user_message_id', null, 'the user has said nothing') from begun;
select is(tests.the_story(), story, 'no row of the conversation has changed') from before;
select results_eq('select start_at, end_at, content from relay.chunks', $$ values (0, 12, 'first answer') $$,
  'the old text is stored as if beats had brought it');
select results_eq('select text_units, continued_units from relay.generations', 'values (12, 12)',
  'and the generation knows its length');
select is(tests.call_begin('owner', 'a', continue_of => 'first answer', fence => 'own') - 'rate', answer - 'rate',
  'a worker whose answer got lost gets the same') from begun;

rollback to start; -- Offsets are those of what can be sent.
update public.messages set content = e'A\r\nfox 🦊\r' where id = tests.key('first answer');
select is(tests.call_begin('owner', 'a', continue_of => 'first answer') -> 'context' -> 1 ->> 'content', e'A\nfox 🦊\n',
  'line ends are one unit each');
select results_eq('select end_at, content from relay.chunks', $$ values (9, e'A\nfox 🦊\n') $$,
  'and a pair of surrogates is two');

rollback to start; -- Its own bot goes on, while the user may use it.
select tests.given_bot('other bot', 'owner');
update public.messages set bot_id = tests.key('other bot') where id = tests.key('first answer');
select is(tests.call_begin('owner', 'a', continue_of => 'first answer') ->> 'bot_id', tests.key('other bot')::text,
  'not the conversation''s');
select is(tests.call_begin('owner', 'b', continue_of => 'first answer', bot => 'bot') ->> 'bot_id',
  tests.key('bot')::text, 'unless the request names one');
select tests.make_user('stranger');
update public.bots set user_id = tests.id('stranger') where id = tests.key('other bot');
select is(tests.call_begin('owner', 'c', continue_of => 'first answer') ->> 'bot_id', tests.key('bot')::text,
  'the conversation''s takes over where it is gone');

select * from finish(); rollback;
