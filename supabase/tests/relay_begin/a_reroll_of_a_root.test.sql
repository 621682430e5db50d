begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_conversation('greeting', 'owner');
select tests.given_message('Welcome!', 'greeting', by_user => false);

create temp table begun as select tests.call_begin('owner', 'a', reroll_of => 'Welcome!') as answer;

select is(answer ->> 'outcome', 'admitted', 'an answer without a question can be rerolled') from begun;
select is(answer ->> 'parent_id', null, 'the new version is a root too') from begun;
select is(answer -> 'context', '[]', 'nothing comes before it') from begun;
select is(
  tests.call_begin('owner', 'b', reroll_of => 'first question') ->> 'parent_id', tests.id('first question')::text,
  'a reroll of a user''s root answers it'
);

select * from finish();
rollback;
