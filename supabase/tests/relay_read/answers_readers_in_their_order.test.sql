begin; select plan(8);
savepoint start;

-- Answers readers in their order.
select tests.make_user(name) from unnest(array['owner', 'stranger']) as name;
select tests.given_generation('a', 'owner');
select tests.given_text('a', 'Once', ' upon');
select tests.given_generation('b', 'stranger');
select tests.given_text('b', 'Twice');
select tests.sign_in_as_service();
create temp table answers as select public.relay_read(
  array[tests.id('stranger'), tests.id('owner'), tests.id('stranger'), tests.id('owner'), tests.id('owner')],
  array['b', 'unknown', 'a', 'a', 'a'], array[0, 0, 0, 4, 0]) as answer;
select is(jsonb_array_length(answer), 5, 'there is one answer for each') from answers;
select is(jsonb_path_query_array(answer, '$[*].text'), '["Twice", " upon", "Once upon"]', 'each has what it asked for'
  ) from answers;
select is(jsonb_build_array(answer -> 1, answer -> 2), '[null, null]', 'what is unknown leaves a gap'
  ) from answers;
select is(public.relay_read('{}', '{}', '{}'), '[]', 'no readers get no answers');

rollback to start; -- Replays a pruned one from its message.
select tests.given_tale('owner');
select tests.make_user('stranger');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first', 'They lived.');
select tests.given_pruned('first');
create temp table views as select tests.call_read('owner', 'first') as view;
select is(view -> 'generation', 'null', 'the generation is pruned') from views;
select is(view - 'generation' - 'message', '{"start": 0, "end": 11, "text": "They lived.", "more": false}',
  'the text is there') from views;
select is(view -> 'message', to_jsonb(m) - 'content', 'and how it ended')
  from views, public.messages m where m.stream_id = 'first';
select is(tests.call_read('stranger', 'first'), 'null', 'to a stranger it does not exist');

select * from finish(); rollback;
