begin; select plan(6);
select tests.given_tale('owner');
select tests.given_conversation('greeting', 'owner');
select tests.given_message('Welcome!', 'greeting', by_user => false);
select tests.given_active_leaf('greeting', 'Welcome!');
create temp table begun as select tests.call_begin('owner', 'a', reroll_of => 'Welcome!') as answer;
select is(answer ->> 'outcome', 'admitted', 'an answer without a question can be regenerated') from begun;
select is(answer ->> 'parent_id', null, 'the new version is a root too') from begun;
select is(answer -> 'context', '[]', 'nothing comes before it') from begun;
select tests.call_finish('a', 'Come in!');
select is(parent_id, tests.key(null), 'and is stored as one') from public.messages where stream_id = 'a';
select is(tests.leaf_of('greeting'), 'Come in!', 'the active leaf moves to it');
select is(
  tests.call_begin('owner', 'b', reroll_of => 'first question') ->> 'parent_id', tests.key('first question')::text,
  'a user''s root is answered');

select * from finish(); rollback;
