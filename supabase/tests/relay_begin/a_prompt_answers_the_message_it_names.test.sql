begin; select plan(10);
savepoint start;

-- A prompt with a given parent answers it.
select tests.given_tale('owner');
create temp table begun as select tests.call_begin('owner', 'a', 'Instead?', parent => 'first answer') as answer;
select is(answer ->> 'conversation_id', tests.key('tale')::text, 'the parent names the conversation') from begun;
select is(m.parent_id, tests.key('first answer'), 'the user''s words hang below the parent')
  from public.messages m, begun where m.id::text = answer ->> 'user_message_id';
select is(tests.leaf_of('tale'), 'Instead?', 'the active leaf moves to the new branch');
select is((select count(*) from public.messages where parent_id = tests.key('first answer')), 2::bigint,
  'what hung there already stays');

rollback to start; -- A prompt with a null parent is a new root.
select tests.given_tale('owner');
create temp table begun as
  select tests.call_begin('owner', 'a', 'From the top', conversation => 'tale', parent_is_given => true) as answer;
select is(answer ->> 'conversation_id', tests.key('tale')::text, 'it is in the named conversation') from begun;
select is((select parent_id from public.messages m where m.id::text = answer ->> 'user_message_id'), null,
  'the user''s words have no parent') from begun;
select is(answer -> 'context', '[{"role": "user", "content": "From the top"}]', 'nothing comes before them') from begun;
select is(tests.leaf_of('tale'), 'From the top', 'the active leaf moves to the new root');

rollback to start; -- A prompt without a parent in an empty conversation is its root.
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.given_conversation('blank', 'owner');
select is(tests.call_begin('owner', 'a', 'Begin!', conversation => 'blank') -> 'context',
  '[{"role": "user", "content": "Begin!"}]', 'nothing comes before it');
select results_eq($$ select parent_id, content from public.messages where conversation_id = tests.key('blank') $$,
  $$ values (tests.key(null), 'Begin!') $$, 'the user''s words are the root');

select * from finish(); rollback;
