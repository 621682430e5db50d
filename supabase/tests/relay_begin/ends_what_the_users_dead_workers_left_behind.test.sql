begin; select plan(6);
select tests.given_tale('owner');
select tests.make_user('stranger');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
select tests.given_expired('strange', 'stranger');
create temp table begun as select tests.call_begin('owner', 'second', 'Go on!', conversation => 'tale') as answer;
select is(answer ->> 'outcome', 'admitted', 'the user goes on') from begun;
select results_eq('select stream_id, status from relay.generations order by stream_id',
  $$ values ('first', 'interrupted'), ('second', 'running'), ('strange', 'running') $$,
  'what was left behind has ended, but nothing of another user''s');
select is(relay.text_of('strange'), 'Once', 'whose text is where it was');
select is(parent.stream_id, 'first', 'the prompt hangs below the partial answer')
  from begun, public.messages prompt join public.messages parent on parent.id = prompt.parent_id
  where prompt.id::text = answer ->> 'user_message_id';
select is(answer -> 'context' -> -2, '{"role": "assistant", "content": "Once"}', 'which the bot is sent') from begun;
select is(tests.leaf_of('tale'), 'Go on!', 'the story goes on from there');

select * from finish(); rollback;
